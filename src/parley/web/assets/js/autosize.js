// A text field that grows with its text, up to what its style allows.

document.addEventListener(
  "input",
  ({ target }) => target.matches?.("textarea[data-autosize]") && fit(target),
);
document.addEventListener("htmx:load", ({ target }) => fitAll(target));
fitAll(document);

function fitAll(within) {
  within.querySelectorAll?.("textarea[data-autosize]").forEach(fit);
}

function fit(field) {
  if (CSS.supports("field-sizing", "content")) return; // the browser does it, see field.css
  field.style.blockSize = "auto";
  field.style.blockSize = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
