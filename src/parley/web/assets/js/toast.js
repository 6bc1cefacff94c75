// A note that something was done. It goes by itself, but not while somebody reads or could undo it.

const SHOWN = 8_000;

class ToastNote extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", ({ target }) => target.closest("[data-dismiss]") && this.remove());
    for (const event of ["pointerenter", "focusin"]) this.addEventListener(event, () => this.stay());
    for (const event of ["pointerleave", "focusout"]) this.addEventListener(event, () => this.go());
    this.go();
  }

  disconnectedCallback() {
    this.stay();
  }

  stay() {
    clearTimeout(this.leaving);
  }

  go() {
    this.stay();
    this.leaving = setTimeout(() => this.remove(), SHOWN);
  }
}

customElements.define("toast-note", ToastNote);
document.cookie = "toast=; path=/; max-age=0"; // it has been shown

/** @param {string} reason one of the `data-words` that the page carries in the reader's language */
export function say(reason) {
  const words = document.querySelector(`template[data-words="${reason}"]`);
  const place = document.getElementById("toasts");
  if (!words || !place) return;
  place.querySelector(`[data-said="${reason}"]`)?.remove();
  place.append(words.content.cloneNode(true));
}
