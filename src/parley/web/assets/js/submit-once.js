// One press, one answer sent. The id made here stays the same until it succeeded, so a retry
// of something that did arrive is recognised by the server.

const sending = new WeakSet();

document.addEventListener("submit", stopSecond, { capture: true });
document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented && target.getAttribute("method") === "post") setSending(target, true);
});
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) document.querySelectorAll("form").forEach((form) => setSending(form, false));
});
document.addEventListener("htmx:configRequest", ({ detail }) => {
  const field = detail.verb !== "get" && idOf(detail.elt.closest("form"));
  if (field) detail.parameters.client_id = filled(field);
});
document.addEventListener("htmx:beforeRequest", ({ detail }) => mark(detail, true));
document.addEventListener("htmx:afterRequest", ({ detail }) => mark(detail, false));
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.requestConfig.verb === "get" || detail.xhr.status >= 400) return;
  const field = idOf(detail.requestConfig.elt.closest("form"));
  if (field) field.value = "";
});

function stopSecond(event) {
  const form = event.target;
  if (sending.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (idOf(form)) {
    filled(idOf(form));
  }
}

function mark({ requestConfig }, is) {
  const form = requestConfig.elt.closest("form");
  if (form && requestConfig.verb !== "get") setSending(form, is);
}

function setSending(form, is) {
  if (is) sending.add(form);
  else sending.delete(form);
  for (const button of form.querySelectorAll("button:not([type=button])"))
    if (is) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
}

function idOf(form) {
  return form?.querySelector('input[name="client_id"]');
}

function filled(field) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return (field.value ||= [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}
