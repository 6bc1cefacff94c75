// Keeps what is being written in `data-draft="ticket-42"` in this tab until it was sent.
// A plain post cannot say that it succeeded: who comes back from its failure by the back button has it again.

const DRAFTS = "textarea[data-draft]";
const fields = (within) => within.querySelectorAll?.(DRAFTS) ?? [];
const key = (field) => `draft:${field.dataset.draft}`;

document.addEventListener("input", ({ target }) => target.matches?.(DRAFTS) && keep(target));
document.addEventListener("submit", ({ target, defaultPrevented }) => {
  if (!defaultPrevented) fields(target).forEach(leave);
});
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.requestConfig.verb !== "get" && detail.xhr.status < 400)
    fields(detail.requestConfig.elt.closest("form") ?? document.createElement("form")).forEach(clear);
});
document.addEventListener("htmx:load", ({ target }) => fields(target).forEach(restore));

const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
for (const field of fields(document)) {
  const left = stored("getItem", `sent:${key(field)}`);
  if (left && cameBack) stored("setItem", key(field), left);
  stored("removeItem", `sent:${key(field)}`);
  restore(field);
}

function keep(field) {
  stored(field.value.trim() ? "setItem" : "removeItem", key(field), field.value);
}

function leave(field) {
  if (field.value.trim()) stored("setItem", `sent:${key(field)}`, field.value);
  stored("removeItem", key(field));
}

function clear(field) {
  stored("removeItem", key(field));
  field.value = field.defaultValue;
}

function restore(field) {
  const text = stored("getItem", key(field));
  if (!text || field.value.trim()) return; // what the server or somebody has written there is newer
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Storage may be refused or full; then the text is only where it is typed. */
function stored(method, ...args) {
  try {
    return sessionStorage[method](...args);
  } catch {
    return null;
  }
}
