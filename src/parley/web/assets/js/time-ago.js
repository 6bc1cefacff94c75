// <time-ago><time datetime="…">3 m</time></time-ago> stays true while the page is open.
// The server says the words first; this takes over for as long as hours are counted.

const EVERY = 15_000;
const SPANS = [
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const { lang, dataset } = document.documentElement;
const language = lang === "en" ? "en-GB" : lang;
const rendered = document.querySelector('meta[name="parley-now"]')?.content;
const ahead = rendered ? Date.parse(rendered) - Date.now() : 0; // the server's clock rules
const all = new Set();

class TimeAgo extends HTMLElement {
  connectedCallback() {
    all.add(this);
  }

  disconnectedCallback() {
    all.delete(this);
  }

  refresh(now) {
    const time = this.querySelector("time");
    const seconds = Math.floor((now - Date.parse(time?.dateTime)) / 1000);
    if (seconds >= 0 && seconds < 86_400) time.textContent = span(seconds);
    else if (seconds >= 86_400 && seconds < 86_400 + EVERY / 500)
      time.textContent = weekday(time.dateTime);
  }
}

function span(seconds) {
  const [unit, size] = SPANS.find(([, size]) => seconds >= size) ?? SPANS.at(-1);
  const style = { style: "unit", unit, unitDisplay: "narrow" };
  const text = new Intl.NumberFormat(language, style).format(Math.floor(seconds / size));
  return text.replace(/(\d)(?=\p{L})/u, "$1\u00a0");
}

function weekday(time) {
  const style = { weekday: "short", timeZone: dataset.timezone };
  return new Intl.DateTimeFormat(language, style).format(new Date(time));
}

customElements.define("time-ago", TimeAgo);
setInterval(() => all.forEach((each) => each.refresh(Date.now() + ahead)), EVERY);
