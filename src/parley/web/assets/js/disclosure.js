// <button data-disclose aria-expanded="false"> says whether something is shown; the style does the rest.

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("button[data-disclose]");
  if (button) button.ariaExpanded = String(button.ariaExpanded !== "true");
});
document.addEventListener("keydown", ({ key, defaultPrevented }) => {
  if (key !== "Escape" || defaultPrevented) return;
  const button = document.querySelector('button[data-disclose][aria-expanded="true"]');
  if (!button?.checkVisibility()) return;
  button.ariaExpanded = "false";
  button.focus();
});
