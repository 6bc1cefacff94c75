// <details class="menu"> closes like a menu: by Escape, by a press elsewhere, by a choice.

const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", ({ target }) => {
  for (const menu of open()) {
    const chosen = target.closest?.("a, button") && menu.contains(target) && !target.closest("summary");
    if (chosen || !menu.contains(target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
  }
});
document.addEventListener("focusout", ({ relatedTarget }) => {
  if (relatedTarget) for (const menu of open()) menu.open &&= menu.contains(relatedTarget);
});
