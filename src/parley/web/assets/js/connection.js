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

function show(state) {
  for (const banner of document.querySelectorAll("[data-connection]"))
    banner.hidden = banner.dataset.connection !== state;
}
