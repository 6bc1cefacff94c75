// One question to the hub, which it answers when there is news or after 20 s.

const SILENCE = 45_000;
const PROMPT = 1_500; // a question that was not refused by then has arrived

/** Resolves to "well", "failed" or "signed out". */
export async function poll({ after, connected, take, hurried }) {
  const stop = new AbortController();
  const watch = setTimeout(() => stop.abort(), SILENCE);
  const arrived = setTimeout(() => navigator.onLine && connected(), PROMPT);
  hurried(() => {}); // an open question is as good as a new one
  try {
    const answer = await fetch(`/live/poll?after=${after}`, { signal: stop.signal });
    if (answer.status === 401) return "signed out";
    if (!answer.ok) return "failed";
    const message = await answer.json();
    connected();
    take(message);
    return "well";
  } catch {
    return "failed";
  } finally {
    clearTimeout(watch);
    clearTimeout(arrived);
  }
}
