// What an agent does all day has a key. Single keys act only outside of fields and can be switched off
// (WCAG 2.1.4): <html data-keys="off">. Anything with data-key="c" is pressed by C.

const ROWS = ".list-row__link";
const isOff = document.documentElement.dataset.keys === "off";

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  r: () => focusOn("[data-composer]"),
  "/": () => focusOn("[data-search]"),
  "?": () => showKeys(),
};

document.addEventListener("keydown", (event) => {
  if (isOff || event.defaultPrevented || event.isComposing || (event.repeat && !isMove(event))) return;
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  const key = event.key.toLowerCase();
  if (document.querySelector("dialog:modal")) return;
  if (press(key) || ACTIONS[key]?.()) event.preventDefault();
});

const isMove = ({ key }) => ["j", "k"].includes(key.toLowerCase());

function isWriting(target) {
  return (
    target.isContentEditable ||
    target.matches?.("input:not([type=checkbox], [type=radio]), textarea, select")
  );
}

function press(key) {
  const all = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  const control = [...all].reverse().find((each) => each.checkVisibility() && !each.disabled);
  control?.click();
  return Boolean(control);
}

function move(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row === document.activeElement);
  const open = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = at >= 0 ? at : open;
  const next =
    from < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, from + by));
  rows[next].focus();
  rows[next].scrollIntoView({ block: "nearest" });
  return true;
}

function focusOn(selector) {
  const field = [...document.querySelectorAll(selector)].find((each) => each.checkVisibility());
  field?.focus();
  return Boolean(field);
}

function showKeys() {
  const dialog = document.getElementById("keys");
  dialog?.showModal();
  return Boolean(dialog);
}
