// What the desk knows, and who wants to hear of changes: one owner of every fact that more than one part shows.

import { call, words } from "/staff/assets/api.js";

export const me = words.me;
export const state = {
  view: "mine",
  filters: {}, // beside the view's
  sort: "due",
  q: "",
  selected: new Set(), // references
  case: null, // the open case, whole
  views: [],
  people: [],
  canned: [],
  settings: { custom_fields: [], languages: [] },
  present: new Map(), // "ref:T-…" or "conversation:…" → people
};

const listeners = new Map();
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
}
export const emit = (name, data) => listeners.get(name)?.forEach((listener) => listener(data));

export const path = (ref, rest = "") => `/api/desk/cases/${encodeURIComponent(ref)}${rest}`;

// What this browser keeps for whoever is signed in.
const key = (name) => `guichet:desk:${me.id}:${name}`;
export function keep(name, value) {
  try {
    if (value === null || value === undefined || value === "") localStorage.removeItem(key(name));
    else localStorage.setItem(key(name), JSON.stringify(value));
  } catch {
    // storage refused or full: what is on screen is all there is
  }
}
export function kept(name, otherwise = null) {
  try {
    return JSON.parse(localStorage.getItem(key(name))) ?? otherwise;
  } catch {
    return otherwise;
  }
}
export function keptNames(prefix) {
  try {
    return Object.keys(localStorage).filter((each) => each.startsWith(key(prefix))).map((each) => each.slice(key("").length));
  } catch {
    return [];
  }
}

export async function loadViews() {
  state.views = (await call("GET", "/api/desk/views")).views;
  emit("views");
}
export async function loadPeople() {
  state.people = (await call("GET", "/api/desk/people")).people;
  emit("people");
}
export async function loadCanned() {
  state.canned = (await call("GET", "/api/desk/canned")).canned;
  emit("canned");
}
export async function loadSettings() {
  state.settings = await call("GET", "/api/desk/settings");
}

/** Send a file for one's next note or reply in a case; resolves with `{"id", "name", "type", "size"}`. */
export async function upload(address, file) {
  const { csrf } = await call("GET", "/api/staff/session");
  const form = new FormData();
  form.append("file", file, file.name);
  let response;
  try {
    response = await fetch(address, { method: "POST", headers: { "X-CSRF-Token": csrf }, body: form, credentials: "same-origin" });
  } catch {
    throw new Error(words.offline);
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.error?.message ?? words.failed);
  return body.attachment;
}
