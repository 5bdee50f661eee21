// The desk: puts its parts together, keeps the address, hears the keys.

import { $, toast } from "/staff/assets/ui.js";

import { show, showNothing } from "./case.js";
import { assign, change, priority, snooze, status, tags, targets } from "./changes.js";
import { button, icon, iconButton } from "./dom.js";
import { focusEditor } from "./editor.js";
import { clearSelection, cursor, move, neighbour, range, step, toggle } from "./list.js";
import { showConversation, startLive } from "./live.js";
import { addButtons, help, settings, singleKeys } from "./own.js";
import { emit, keep, kept, loadCanned, loadPeople, loadSettings, loadViews, on, state } from "./state.js";
import { listen, retryNow } from "./stream.js";
import { t } from "./text.js";
import { focusSearch, go, restore } from "./views.js";

const desk = $("desk");
const VIEW_KEYS = { i: "mine", m: "all", u: "unassigned" };

// the address

function address(rest = "") {
  const asked = new URLSearchParams({ view: state.view });
  if (state.sort !== "due") asked.set("sort", state.sort);
  if (state.q) asked.set("q", state.q);
  for (const [name, value] of Object.entries(state.filters)) asked.set(`f.${name}`, value);
  return `/desk${rest}?${asked}`;
}

const place = () => /^\/desk\/(cases|conversations)\/([^/]+)$/.exec(location.pathname);

async function follow() {
  const asked = new URLSearchParams(location.search);
  const filters = Object.fromEntries([...asked].filter(([name]) => name.startsWith("f.")).map(([name, value]) => [name.slice(2), value]));
  const wanted = { view: asked.get("view") ?? kept("view", "mine"), q: asked.get("q") ?? "", sort: asked.get("sort") ?? "due", filters };
  if (!state.views.some((view) => view.id === wanted.view)) wanted.view = "mine";
  const same = ["view", "q", "sort"].every((name) => wanted[name] === state[name]) && JSON.stringify(filters) === JSON.stringify(state.filters) && desk.getAttribute("aria-busy") === "false";
  const [, kind, id] = place() ?? [];
  if (kind === "cases") move(decodeURIComponent(id));
  const reading = same ? null : restore(wanted);
  if (kind === "cases") {
    desk.dataset.pane = "case";
    await show(decodeURIComponent(id));
  } else if (kind) {
    desk.dataset.pane = "case";
    await showConversation(decodeURIComponent(id));
  } else {
    desk.dataset.pane = "list";
    showNothing();
  }
  await reading;
}

on("place", () => {
  keep("view", state.view);
  const [, kind, id] = place() ?? [];
  history.replaceState(null, "", address(kind ? `/${kind}/${id}` : ""));
});
on("open", (ref) => {
  if (!ref) return;
  if (place()?.[2] !== ref) history.pushState(null, "", address(`/cases/${encodeURIComponent(ref)}`));
  move(ref);
  desk.dataset.pane = "case";
  show(ref);
  if (matchMedia("(max-width: 760px)").matches) $("case").focus({ preventScroll: true });
});
on("open-conversation", (id) => {
  history.pushState(null, "", address(`/conversations/${encodeURIComponent(id)}`));
  desk.dataset.pane = "case";
  showConversation(id);
});
on("back", () => {
  history.pushState(null, "", address());
  desk.dataset.pane = "list";
  showNothing();
  $("rows").focus({ preventScroll: true });
});
on("pane", (pane) => {
  desk.dataset.pane = pane;
  if (pane === "views") $("views").querySelector("a")?.focus();
});
on("leave-editor", () => $("case").focus());
addEventListener("popstate", follow);
document.addEventListener("click", (event) => {
  const other = event.target.closest("[data-open]");
  if (!other || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  emit("open", other.dataset.open);
});

// the keys

async function resolve() {
  const refs = targets();
  const next = refs.length === 1 && state.case ? neighbour(refs[0]) : null;
  await change({ status: "resolved" }, refs);
  if (next && next !== refs[0]) emit("open", next);
}
on("resolve", resolve);

async function write(mode) {
  if (!state.case && cursor) {
    emit("open", cursor);
    await show(cursor);
  }
  focusEditor(mode);
}

let going = 0;
const KEYS = {
  j: () => walk(1), ArrowDown: () => walk(1), k: () => walk(-1), ArrowUp: () => walk(-1),
  Enter: () => emit("open", cursor), o: () => emit("open", cursor),
  r: () => write("reply"), n: () => write("note"), a: assign, i: () => change({ owner: "me" }), e: resolve, u: status, s: snooze, t: tags, p: priority,
  x: () => toggle(), X: () => range(), "/": focusSearch, "?": help, g: () => (going = Date.now()), Escape: leave,
};

function walk(by) {
  const open = Boolean(state.case) && desk.dataset.pane === "case";
  const ref = step(by);
  if (open && ref) emit("open", ref);
  else $("rows").focus({ preventScroll: true });
}

function leave() {
  if (state.selected.size) clearSelection();
  else if (place()) emit("back");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const { target, key } = event;
  if (document.querySelector("dialog[open]") || target.closest("input, textarea, select")) return;
  const plain = key.length > 1;
  if (!plain && !singleKeys()) return;
  if ((key === "Enter" || key.startsWith("Arrow")) && !target.closest("#rows") && target !== document.body) return;
  if (key === " " && target.id === "rows") {
    event.preventDefault();
    toggle();
    return;
  }
  const toView = Date.now() - going < 1_500 && VIEW_KEYS[key];
  going = 0;
  if (toView) {
    event.preventDefault();
    go(toView);
    return;
  }
  const work = KEYS[key];
  if (!work) return;
  event.preventDefault();
  Promise.resolve(work()).catch((failure) => toast(failure.message, { bad: true }));
});

// the connection

const connection = $("connection");
on("offline", () => {
  if (!connection.hidden && connection.dataset.state === "lost") return;
  Object.assign(connection, { hidden: false });
  connection.dataset.state = "lost";
  connection.replaceChildren(icon("late"), t("connection.lost"), button("retry", t("connection.again"), retryNow, { class: "button small" }));
});
on("online", () => {
  if (connection.hidden) return;
  connection.dataset.state = "found";
  connection.replaceChildren(icon("check"), t("connection.found"));
  setTimeout(() => connection.dataset.state === "found" && (connection.hidden = true), 4_000);
});
on("stream:presence", ({ people, ref, conversation }) => {
  const target = ref ? `ref:${ref}` : `conversation:${conversation}`;
  state.present.set(target, people);
  emit("present", target);
});
on("stream:ready", () => {
  for (const target of state.present.keys()) {
    state.present.delete(target);
    emit("present", target);
  }
});
on("stream:people", () => loadPeople().catch(() => null));

addButtons(iconButton("help", t("help.open"), help), iconButton("gear", t("own.open"), settings));
Promise.all([loadViews(), loadPeople(), loadSettings(), loadCanned()])
  .then(follow)
  .catch((failure) => {
    toast(failure.message, { bad: true });
    return follow();
  })
  .finally(() => {
    desk.setAttribute("aria-busy", "false");
    startLive();
    listen();
  });
