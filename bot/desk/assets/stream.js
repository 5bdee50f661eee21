// The server's stream of changes: resumed where it broke off, given up where it is silent (a laptop was asleep). Of
// several tabs one listens and tells the others: browsers allow six connections to a server.

import { signInAgain } from "/staff/assets/api.js";

import { emit, me, state } from "./state.js";

const SILENCE = 75_000; // ms; the server shows a sign of life at least every minute
const LONGEST_WAIT = 20_000;

const channel = "BroadcastChannel" in window ? new BroadcastChannel(`guichet-desk-${me.id}`) : null;
let leader = false;
let last = "";
let failures = 0;
let abort = null;
let wake = () => {};
let timer = 0;

/** Whether this tab is the one that listens: what is done once for all tabs is done there. */
export const leading = () => leader;

function tell(name, data) {
  emit(name, data);
  channel?.postMessage({ name, data, last });
}

channel?.addEventListener("message", ({ data: { name, data, last: id } }) => {
  if (leader && name === "hello") {
    for (const [target, people] of state.present) {
      const [kind, value] = target.split(/:(.*)/);
      channel.postMessage({ name: "stream:presence", data: { [kind]: value, people }, last });
    }
  }
  if (leader || name === "hello") return;
  last = id;
  emit(name, data);
});

function alive() {
  clearTimeout(timer);
  timer = setTimeout(() => abort?.abort(), SILENCE);
}

function read(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  if (fields.id) last = fields.id;
  if (!fields.event) return;
  if (fields.event === "ready") {
    failures = 0;
    tell("online");
  }
  tell(`stream:${fields.event}`, JSON.parse(fields.data));
}

async function follow() {
  abort = new AbortController();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    alive();
    const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
    const response = await fetch("/api/desk/stream", { headers, signal: abort.signal, credentials: "same-origin", cache: "no-store" });
    if (response.status === 401) return signInAgain();
    if (!response.ok) throw new Error(`stream ${response.status}`);
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return null;
      alive();
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop();
      blocks.forEach(read);
    }
  } finally {
    clearTimeout(timer);
  }
}

export const retryNow = () => wake();

/** Listen for as long as the page is open, or until it is this tab's turn. */
export function listen() {
  if (!navigator.locks || !channel) return lead(); // pages without TLS
  channel.postMessage({ name: "hello" });
  return navigator.locks.request(`guichet-desk-${me.id}`, lead);
}

async function lead() {
  leader = true;
  addEventListener("online", retryNow);
  addEventListener("offline", () => abort?.abort());
  document.addEventListener("visibilitychange", () => document.hidden || retryNow());
  for (;;) {
    await follow().catch(() => null);
    failures++;
    if (failures > 1) tell("offline"); // the first time it may only have been the end of a stream
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(failures - 1, 6));
    await new Promise((resolve) => {
      const waiting = setTimeout(resolve, wait / 2 + (Math.random() * wait) / 2);
      wake = () => {
        clearTimeout(waiting);
        resolve();
      };
    });
  }
}
