// The server's stream of changes: resumed where it broke off, given up where it is silent (a laptop was asleep).

import { signInAgain } from "/staff/assets/api.js";

import { emit } from "./state.js";

const SILENCE = 75_000; // ms; the server shows a sign of life at least every minute
const LONGEST_WAIT = 20_000;

let last = "";
let failures = 0;
let abort = null;
let wake = () => {};
let timer = 0;

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
    const again = failures > 0;
    failures = 0;
    emit("online", again);
  }
  emit(`stream:${fields.event}`, JSON.parse(fields.data));
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

/** Listen for as long as the page is open. */
export async function listen() {
  addEventListener("online", retryNow);
  addEventListener("offline", () => abort?.abort());
  document.addEventListener("visibilitychange", () => document.hidden || retryNow());
  for (;;) {
    await follow().catch(() => null);
    failures++;
    if (failures > 1) emit("offline"); // the first time it may only have been the end of a stream
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
