// Tells colleagues who look at the same thing that somebody writes, and shows when one of them does.

const AGAIN = 2_000;
const FADES = 4_000;
let told = -AGAIN; // also on a page that has just begun
const hiding = new WeakMap();

document.addEventListener("input", ({ target, timeStamp }) => {
  const subject = target.dataset?.typing;
  if (!subject || timeStamp - told < AGAIN) return;
  told = timeStamp;
  document.body.dispatchEvent(new CustomEvent("live:say", { detail: { kind: "typing", subject } }));
});

document.body.addEventListener("live:typing", ({ detail }) => {
  for (const sign of document.querySelectorAll("[data-typing-of]")) {
    if (sign.dataset.typingOf !== detail.subject) continue;
    sign.hidden = false;
    clearTimeout(hiding.get(sign));
    hiding.set(
      sign,
      setTimeout(() => (sign.hidden = true), FADES),
    );
  }
});
