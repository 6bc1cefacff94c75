// What somebody is typing survives when the page around it is brought up to date.
// The answer to a form's own request rules that form; every other field keeps what was typed.

const STYLES = { morph: "outerHTML", "morph:outerHTML": "outerHTML", "morph:innerHTML": "innerHTML" };
const VALUES = ["value", "checked"];
const TAB = ["aria-selected", "tabindex", "hidden"];
const callbacks = {
  beforeNodeMorphed(old, next) {
    if (!isTyped(old) || !isSame(old, next) || answered?.contains(old)) return true;
    copyAttributes(old, next);
    return false;
  },
  beforeAttributeUpdated: (name, node) => !isScripts(name, node),
};
let answered = null; // the form whose answer is being put in place

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  answered = detail.requestConfig.verb === "get" ? null : detail.requestConfig.elt.closest("form");
});
document.addEventListener("htmx:afterSwap", () => (answered = null));

// In place of idiomorph's own extension: that one takes every swap style for an inline one, which nests
// what is swapped out of band, and makes functions of strings, which our policy forbids.
htmx.defineExtension("morph", {
  isInlineSwap: (style) => STYLES[style] === "outerHTML",
  handleSwap: (style, target, fragment) =>
    style in STYLES && morph(target, fragment.children, STYLES[style]),
});

/** Makes `target` what `next` is, moving as little as possible. */
export function morph(target, next, morphStyle = "outerHTML") {
  return Idiomorph.morph(target, next, { morphStyle, callbacks });
}

/** What a script or the reader has set stays: an opened fold, the height of a frame, the chosen tab,
 *  that a colleague writes. */
function isScripts(name, node) {
  if (name === "open") return node.matches("details, dialog");
  if (name === "style") return node.matches("mail-body iframe");
  if (name === "hidden" && node.matches("[data-typing-of]")) return true;
  return TAB.includes(name) && node.matches('[data-tabs] :is([role="tab"], [role="tabpanel"])');
}

function isTyped(node) {
  if (node instanceof HTMLTextAreaElement) return node.value !== node.defaultValue;
  if (node instanceof HTMLSelectElement) return isChosen(node);
  if (!(node instanceof HTMLInputElement)) return false;
  if (node.name === "client_id") return node.value !== ""; // a retry must carry the same one
  if (["checkbox", "radio"].includes(node.type)) return node.checked !== node.defaultChecked;
  return node.type === "file" ? node.files.length > 0 : node.value !== node.defaultValue;
}

/** Where no option is marked, a list for one shows its first. */
function isChosen(select) {
  const options = [...select.options];
  const marked = options.filter((option) => option.defaultSelected);
  const first = select.multiple ? [] : options.slice(0, 1);
  const meant = marked.length ? marked : first;
  return options.some((option) => option.selected !== meant.includes(option));
}

/** Words for one ticket must never end up in the form of another. */
function isSame(old, next) {
  const action = (field) => field.form?.getAttribute("action");
  return (
    old.nodeName === next.nodeName &&
    old.name === next.name &&
    old.dataset.draft === next.dataset.draft &&
    action(old) === action(next)
  );
}

/** All but the value: errors and hints around a field are news. */
function copyAttributes(old, next) {
  for (const name of old.getAttributeNames())
    if (!VALUES.includes(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes)
    if (!VALUES.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
}
