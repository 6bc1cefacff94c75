// Tells elements that what they show has changed: `changed:ticket-42`, and `changed:ticket` for lists.
// A burst is told once; an element that could not be fetched is told again.
import { morph } from "./morph.js";

const BURST = 100;
const LISTS = 1_000; // a list is a whole query: where many work, once a second is live enough
const AGAIN = 5_000;
const names = new Set();
const kinds = new Set();
let telling = 0;
let tellingLists = 0;
let listsToldAt = 0;

/** @param {string} name what changed, such as "ticket-42" */
export function changed(name) {
  names.add(name);
  kinds.add(name.replace(/-\d+$/, ""));
  telling ||= setTimeout(tell, BURST);
  tellingLists ||= setTimeout(tellLists, Math.max(BURST, listsToldAt + LISTS - performance.now()));
}

/** The page is too old to be told what changed: fetch it again, around what is being typed. */
export async function startAfresh() {
  const here = document.getElementById("workspace");
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("workspace");
    if (!answer.ok || !here || !next) return;
    document.body.setAttribute("hx-headers", page.body.getAttribute("hx-headers"));
    morph(here, next);
    htmx.process(here);
  } catch {
    setTimeout(startAfresh, AGAIN);
  }
}

function tell() {
  telling = 0;
  dispatch(names);
}

function tellLists() {
  tellingLists = 0;
  listsToldAt = performance.now();
  dispatch(kinds);
}

function dispatch(waiting) {
  const told = [...waiting];
  waiting.clear();
  for (const name of told) document.body.dispatchEvent(new CustomEvent(`changed:${name}`));
}

for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"])
  document.addEventListener(failure, ({ detail }) => {
    const { type } = detail.requestConfig.triggeringEvent ?? {};
    const isOver = detail.xhr.status >= 400 && detail.xhr.status < 500;
    if (type?.startsWith("changed:") && !isOver)
      setTimeout(
        () => document.body.dispatchEvent(new CustomEvent(type)),
        AGAIN * (0.5 + Math.random()),
      );
  });
