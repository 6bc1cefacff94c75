// What was sent back is read first: the summary of errors takes the focus when it appears.

document.addEventListener("htmx:load", ({ target }) => take(target));
take(document);

function take(within) {
  const place = within.matches?.("[data-focus]") ? within : within.querySelector?.("[data-focus]");
  place?.focus();
}
