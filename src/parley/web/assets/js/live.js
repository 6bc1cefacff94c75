// Hears what changed since the page was made, by socket or, where there is none, by long polling.
// It resumes by the number of the last change it heard of: a lost connection loses nothing.
import { changed, startAfresh } from "./changes.js";
import { connected, disconnected, signedOut } from "./connection.js";
import { listen, send } from "./live-socket.js";
import { poll } from "./live-poll.js";

const SOCKETS_TO_TRY = 3;
const POLLS_BEFORE_ANOTHER_SOCKET = 20;
const LONGEST_PAUSE = 15_000;

const meta = document.querySelector('meta[name="parley-live"]');
let seq = Number(meta?.content);
let failures = recalled(); // in a row; past three of them sockets are not tried first
let hurry = () => {};

if (meta) {
  document.body.addEventListener("live:say", ({ detail }) => send(detail));
  window.addEventListener("online", () => hurry());
  document.addEventListener("visibilitychange", () => document.hidden || hurry());
  follow();
}

async function follow() {
  let polls = 0;
  let wasSignedOut = false;
  disconnected();
  for (;;) {
    const bySocket = failures < SOCKETS_TO_TRY || polls >= POLLS_BEFORE_ANOTHER_SOCKET;
    const ended = await (bySocket ? listen : poll)({ after: seq, connected: isBack, take, hurried });
    if (ended === "signed out") {
      wasSignedOut = true;
      signedOut();
      await new Promise((go) => (hurry = go)); // until somebody looks again, perhaps signed in elsewhere
      continue;
    }
    polls = bySocket ? 0 : polls + 1;
    if (ended === "well" && !bySocket) continue;
    failures = ended === "well" ? 0 : failures + 1;
    remember(failures);
    disconnected();
    await pause(Math.min(LONGEST_PAUSE, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
  }

  function isBack() {
    connected();
    if (wasSignedOut) startAfresh(); // what protects the forms belongs to the session that ended
    wasSignedOut = false;
  }
}

function take(message) {
  for (const [name, number] of message.changed ?? []) {
    changed(name);
    seq = number;
  }
  if ("seq" in message) seq = message.seq;
  if ("resync" in message) {
    seq = message.resync;
    startAfresh();
  }
  if ("kind" in message)
    document.body.dispatchEvent(new CustomEvent(`live:${message.kind}`, { detail: message }));
}

/** What is under way asks to be told when waiting makes no sense any more. */
function hurried(act) {
  hurry = act;
}

function pause(ms) {
  return new Promise((go) => {
    hurry = go;
    setTimeout(go, ms);
  });
}

/** Where a proxy swallows sockets, the next page need not find out again. */
function recalled() {
  try {
    return Number(sessionStorage.getItem("live-failures")) || 0;
  } catch {
    return 0;
  }
}

function remember(count) {
  try {
    sessionStorage.setItem("live-failures", Math.min(count, SOCKETS_TO_TRY));
  } catch {} // then the next page finds out again
}
