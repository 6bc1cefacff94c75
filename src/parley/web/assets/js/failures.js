// A request that failed says so, and says that nothing typed was lost.
import { signedOut } from "./connection.js";
import { say } from "./toast.js";

const REASONS = { 401: "signed-out", 403: "forbidden", 404: "gone", 410: "gone", 413: "large" };
const SHOWN_BY_THEMSELVES = [409, 422];

document.addEventListener("htmx:sendError", ({ detail }) => isAsked(detail) && say("network"));
document.addEventListener("htmx:timeout", ({ detail }) => isAsked(detail) && say("network"));
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr;
  if (status === 401) signedOut();
  if (SHOWN_BY_THEMSELVES.includes(status) || !isAsked(detail)) return;
  say(REASONS[status] ?? "server");
});

/** Not what a page fetches by itself, to stay up to date: the connection's banner speaks for that. */
function isAsked({ requestConfig }) {
  return !/^(changed|live):/.test(requestConfig.triggeringEvent?.type ?? "");
}
