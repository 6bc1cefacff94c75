// Ctrl or ⌘ with Enter sends; chosen files are named; a conversation opens at its end.

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const field = event.target.closest?.("[data-send-key]");
  if (!field) return;
  event.preventDefault();
  field.form.requestSubmit(field.form.querySelector("button:not([type=button])"));
});
document.addEventListener("change", ({ target }) => {
  const output = target.dataset?.chosen && document.getElementById(target.dataset.chosen);
  if (output) output.value = [...target.files].map(({ name }) => name).join(", ");
});

const scroller = () => document.querySelector("[data-keep-end]");
let wasAtEnd = true;
const toEnd = () => scroller()?.scrollTo({ top: scroller().scrollHeight });

document.addEventListener("htmx:beforeSwap", () => {
  const box = scroller();
  wasAtEnd = Boolean(box) && box.scrollHeight - box.scrollTop - box.clientHeight < 80;
});
document.addEventListener("htmx:afterSettle", () => wasAtEnd && toEnd());
if (!location.hash) toEnd();
