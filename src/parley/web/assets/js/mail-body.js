// <mail-body> gives the frame of a customer's mail the height of what is in it.

customElements.define(
  "mail-body",
  class extends HTMLElement {
    connectedCallback() {
      this.frame = this.querySelector("iframe");
      this.frame.addEventListener("load", this);
      if (this.frame.contentDocument?.readyState === "complete") this.fit();
      this.sizes = new ResizeObserver(() => this.fit());
      this.sizes.observe(this);
    }

    disconnectedCallback() {
      this.sizes.disconnect();
    }

    handleEvent() {
      this.fit();
    }

    fit() {
      const body = this.frame.contentDocument?.body;
      if (body) this.frame.style.blockSize = `${Math.ceil(body.scrollHeight)}px`;
    }
  },
);
