// One socket's life.

const OPENS_WITHIN = 8_000;
const SILENCE = 45_000; // the hub says something every 20 s
const SETTLED = 5_000; // one that is closed sooner was not well, even if it opened
const SIGNED_OUT = 4401;
let current = null;

/** Resolves when it is over: "well" if it worked before, "failed", or "signed out". */
export function listen({ after, connected, take, hurried }) {
  return new Promise((done) => {
    const address = new URL(`/live?after=${after}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = (current = new WebSocket(address));
    let openedAt = Infinity;
    let watch = setTimeout(() => end(), OPENS_WITHIN);

    function end(code) {
      clearTimeout(watch);
      socket.onopen = socket.onclose = socket.onmessage = null;
      socket.close();
      if (code === SIGNED_OUT) done("signed out");
      else done(performance.now() - openedAt > SETTLED ? "well" : "failed");
    }

    function alive() {
      clearTimeout(watch);
      watch = setTimeout(() => end(), SILENCE);
    }

    socket.onopen = () => {
      openedAt = performance.now();
      alive();
      connected();
    };
    socket.onclose = ({ code }) => end(code);
    socket.onmessage = ({ data }) => {
      alive();
      take(JSON.parse(data));
    };
    hurried(() => (navigator.onLine && socket.readyState === WebSocket.OPEN ? alive() : end()));
  });
}

/** Says something that is never stored; to nobody, when there is no connection. */
export function send(message) {
  if (current?.readyState === WebSocket.OPEN) current.send(JSON.stringify(message));
}
