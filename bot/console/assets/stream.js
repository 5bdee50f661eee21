// What happens elsewhere: the server's stream, listened to while the page is seen (browsers allow six connections to a
// server), so that who comes back to a page reads it anew.

const EVENTS = ["article", "presence", "job", "published", "calibration"];
const listeners = new Map();
let source = null;

/** Hear of an event; of `again` where something may have been missed. */
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
}
const emit = (name, data) => listeners.get(name)?.forEach((listener) => listener(data));

function listen() {
  if (document.hidden || source) return;
  let before = false;
  source = new EventSource("/api/console/stream");
  source.addEventListener("open", () => {
    if (before) emit("again");
    before = true;
  });
  for (const name of EVENTS) source.addEventListener(name, (event) => emit(name, JSON.parse(event.data)));
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else {
    listen();
    emit("again");
  }
});
addEventListener("pagehide", () => source?.close());
listen();
