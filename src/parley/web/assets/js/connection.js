// Says that the page hears nothing, when that has lasted, and that one has to sign in again.

const PATIENCE = 3_000;
let showing = 0;

export function connected() {
  clearTimeout(showing);
  showing = 0;
  show(null);
}

export function disconnected() {
  showing ||= setTimeout(() => show("lost"), PATIENCE);
}

export function signedOut() {
  clearTimeout(showing);
  show("signed-out");
}

/** `<html data-live>` says in one word how the page hears: connected, lost or signed-out. */
function show(state) {
  document.documentElement.dataset.live = state ?? "connected";
  for (const banner of document.querySelectorAll("[data-connection]"))
    banner.hidden = banner.dataset.connection !== state;
}
