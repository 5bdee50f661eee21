// The list of cases: only the rows in sight are in the page, so ten thousand scroll like ten.

import { call } from "/staff/assets/api.js";
import { $, toast } from "/staff/assets/ui.js";

import { avatar, button, dueClock, empty, icon, lazily, make } from "./dom.js";
import { emit, on, path, state } from "./state.js";
import { ago, number, t, word } from "./text.js";

const HEIGHT = 84; // px, as in desk.css
const AROUND = 8;
const PAGE = 50;
const MOST = 200; // rows of one answer

let rows = [];
let next = null;
let total = 0;
let phase = "loading"; // loading, ready, failed
let fetching = 0; // number of the newest reading; the answers of older ones are dropped
let more = false;
let anchor = null; // where a range of selected rows begins
export let cursor = null; // reference

const box = $("rows");
const inside = make("div", { class: "rows-inside" });
const message = $("list-message");
box.append(inside);
const nodes = new Map(); // reference → {row, node}

export const rowOf = (ref) => rows.find((row) => row.ref === ref);
const indexOf = (ref) => rows.findIndex((row) => row.ref === ref);

function query(after, limit) {
  const view = state.views.find((each) => each.id === state.view);
  const asked = new URLSearchParams({ sort: state.sort, limit });
  if (!state.q && view) asked.set("view", state.view);
  for (const [name, value] of Object.entries(state.filters)) asked.set(name, value);
  if (state.q) asked.set("q", state.q);
  if (after) asked.set("after", after);
  return `/api/desk/cases?${asked}`;
}

/** Read the list anew: another view, filter, order or search. */
export async function load() {
  const mine = ++fetching;
  phase = "loading";
  rows = [];
  next = null;
  state.selected.clear();
  anchor = null;
  box.scrollTop = 0;
  draw();
  try {
    const answer = await call("GET", query(null, PAGE));
    if (mine !== fetching) return;
    ({ cases: rows, next, total } = answer);
    phase = "ready";
    if (indexOf(cursor) < 0) cursor = rows[0]?.ref ?? null;
  } catch (failure) {
    if (mine !== fetching) return;
    phase = "failed";
    message.dataset.said = failure.message;
  }
  draw();
  emit("selection");
}

async function loadMore() {
  if (!next || more || phase !== "ready") return;
  more = true;
  const mine = fetching;
  try {
    const answer = await call("GET", query(next, 100));
    if (mine !== fetching) return;
    const known = new Set(rows.map((row) => row.ref));
    rows = [...rows, ...answer.cases.filter((row) => !known.has(row.ref))];
    ({ next, total } = answer);
  } catch (failure) {
    toast(failure.message, { bad: true });
  } finally {
    more = false;
  }
  draw();
}

/** Something has changed: read the beginning again and keep place, cursor and what is further down. */
async function refresh() {
  if (phase !== "ready") return load();
  const mine = fetching;
  const limit = Math.min(MOST, Math.max(PAGE, Math.ceil(rows.length / PAGE) * PAGE));
  const answer = await call("GET", query(null, limit)).catch(() => null); // the stream says when the server is back
  if (!answer || mine !== fetching) return undefined;
  const top = rows[Math.floor(box.scrollTop / HEIGHT)]?.ref;
  const old = indexOf(cursor);
  const fresh = new Set(answer.cases.map((row) => row.ref));
  const keptBelow = answer.next ? rows.slice(limit).filter((row) => !fresh.has(row.ref)) : [];
  const before = new Set(rows.map((row) => row.ref));
  const come = answer.cases.filter((row) => !before.has(row.ref) && new Date() - new Date(row.created_at) < 60_000).length;
  rows = [...answer.cases, ...keptBelow];
  if (!keptBelow.length) next = answer.next;
  total = answer.total;
  if (indexOf(cursor) < 0) cursor = rows[Math.min(Math.max(old, 0), rows.length - 1)]?.ref ?? null;
  for (const ref of state.selected) if (indexOf(ref) < 0) state.selected.delete(ref);
  if (box.scrollTop > 0 && top && indexOf(top) >= 0) box.scrollTop = indexOf(top) * HEIGHT + (box.scrollTop % HEIGHT);
  if (come) $("news").textContent = t("list.arrived", { count: come });
  draw();
  emit("selection");
  return undefined;
}

const soon = lazily(refresh, 300);
on("stream:case", soon);
on("stream:reset", soon);
on("reload", soon);
on("online", soon); // also the first time: what happened between reading and listening is not told
setInterval(soon, 60_000); // clocks run out without anybody writing
on("case", (whole) => replace(whole));

/** A row as this desk knows it before the server's next word. */
export function replace(changed) {
  const index = indexOf(changed.ref);
  if (index < 0) return;
  rows[index] = { ...rows[index], ...Object.fromEntries(Object.keys(rows[index]).map((name) => [name, changed[name] ?? null])) };
  draw();
}

export function draw() {
  const view = state.views.find((each) => each.id === state.view);
  $("total").replaceChildren(...(phase === "ready" ? [make("span", { "aria-hidden": "true" }, number(total)), make("span", { class: "unseen" }, t("list.shown", { count: total }))] : []));
  box.hidden = !rows.length;
  message.hidden = rows.length > 0;
  if (!rows.length) {
    const drawn = `${phase} ${state.q} ${state.view} ${Object.keys(state.filters)}`;
    if (message.dataset.drawn !== drawn) message.replaceChildren(...said(view));
    message.dataset.drawn = drawn;
    nodes.clear();
    inside.replaceChildren();
    return;
  }
  message.dataset.drawn = "";
  inside.style.height = `${rows.length * HEIGHT}px`;
  const first = Math.max(0, Math.floor(box.scrollTop / HEIGHT) - AROUND);
  const last = Math.min(rows.length, Math.ceil((box.scrollTop + (box.clientHeight || 900)) / HEIGHT) + AROUND);
  const wanted = new Map();
  for (let index = first; index < last; index++) wanted.set(rows[index].ref, index);
  if (indexOf(cursor) >= 0) wanted.set(cursor, indexOf(cursor)); // what has the focus stays in the page
  for (const [ref, { node }] of nodes) {
    if (wanted.has(ref)) continue;
    node.remove();
    nodes.delete(ref);
  }
  for (const [ref, index] of [...wanted].sort((a, b) => a[1] - b[1])) place(rows[index], index, ref);
  if (cursor) box.setAttribute("aria-activedescendant", `row-${cursor}`);
  else box.removeAttribute("aria-activedescendant");
  if (last >= rows.length - 20) loadMore();
}

function said() {
  if (phase === "loading") return Array.from({ length: 6 }, () => make("div", { class: "ghost-row", "aria-hidden": "true" })).concat(make("span", { class: "unseen" }, t("list.loading")));
  if (phase === "failed") return [empty("late", t("list.failed"), message.dataset.said, button("retry", t("connection.again"), load, { class: "button small" }))];
  if (state.q) return [empty("search", t("list.empty_search", { q: state.q }))];
  if (Object.keys(state.filters).length) return [empty("filter", t("list.empty_filter"))];
  return [empty("check", t("list.empty"), t(state.view === "mine" ? "list.empty_mine" : "list.empty_view"))];
}

function place(row, index) {
  let known = nodes.get(row.ref);
  if (!known || known.row !== row) {
    const node = rowNode(row);
    if (known) known.node.replaceWith(node);
    else inside.append(node);
    nodes.set(row.ref, (known = { row, node }));
  }
  const { node } = known;
  node.style.transform = `translateY(${index * HEIGHT}px)`;
  node.setAttribute("aria-posinset", index + 1);
  node.setAttribute("aria-setsize", total);
  node.setAttribute("aria-selected", String(state.selected.has(row.ref)));
  node.classList.toggle("at", row.ref === cursor);
  node.classList.toggle("open", row.ref === state.case?.ref);
}

function rowNode(row) {
  const customer = row.customer ?? t("list.no_customer");
  const node = make("div", { class: row.unread ? "case-row unread" : "case-row", id: `row-${row.ref}`, role: "option", data: { ref: row.ref, due: row.due } },
    make("span", { class: "tick", "aria-hidden": "true" }, icon("check")),
    make("span", { class: "row-top" },
      row.unread ? make("span", { class: "new" }, make("span", { class: "unseen" }, `${t("list.unread")}. `)) : null,
      make("span", { class: "row-customer" }, customer), dueClock(row, true)),
    make("span", { class: "row-subject" }, row.subject),
    make("span", { class: "row-foot" }, make("span", { class: "row-badges" },
      make("span", { class: "badge", title: t("level", row), data: { level: row.level } }, make("span", { "aria-hidden": "true" }, t("level_short", row)), make("span", { class: "unseen" }, t("level", row))),
      make("span", { class: "badge quiet", title: word("kind", row.kind) }, icon(row.kind, word("kind", row.kind))),
      row.priority === "normal" ? null : make("span", { class: "badge quiet", data: { priority: row.priority } }, icon(row.priority), word("priority", row.priority)),
      row.status === "open" ? null : make("span", { class: "badge quiet", data: { status: row.status } }, word("status", row.status)),
      row.snoozed_until && new Date(row.snoozed_until) > new Date() ? make("span", { class: "badge quiet" }, icon("snooze", t("due_state.paused"))) : null,
      ...row.tags.map((tag) => make("span", { class: "badge tagged" }, tag))),
      make("span", { class: "row-owner" }, make("span", { class: "unseen" }, row.owner?.name ?? t("list.nobody")), row.owner ? avatar(row.owner.name) : make("span", { class: "avatar small nobody", title: t("list.nobody"), "aria-hidden": "true" }, icon("user")))));
  node.title = `${row.ref} · ${ago(row.updated_at)}`;
  return node;
}

box.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
new ResizeObserver(() => draw()).observe(box);
inside.addEventListener("click", (event) => {
  const node = event.target.closest(".case-row");
  if (!node) return;
  const { ref } = node.dataset;
  if (event.shiftKey) return range(ref);
  if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) return toggle(ref);
  move(ref);
  return emit("open", ref);
});
inside.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // no text is marked

export function move(ref) {
  cursor = ref;
  const index = indexOf(ref);
  if (index >= 0) {
    const top = index * HEIGHT;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + HEIGHT - box.clientHeight;
  }
  draw();
}

/** @param {number} by rows further down @returns {string|null} where the cursor is then */
export function step(by) {
  if (!rows.length) return null;
  const at = indexOf(cursor);
  move(rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))].ref);
  return cursor;
}

export function toggle(ref = cursor) {
  if (!ref) return;
  if (state.selected.has(ref)) state.selected.delete(ref);
  else state.selected.add(ref);
  anchor = ref;
  move(ref);
  emit("selection");
}

/** Select from where the selection began to `ref`. */
export function range(ref = cursor) {
  const [from, to] = [indexOf(anchor ?? cursor), indexOf(ref)].sort((a, b) => a - b);
  for (let index = Math.max(0, from); index <= to; index++) state.selected.add(rows[index].ref);
  move(ref);
  emit("selection");
}

export function selectAll() {
  rows.forEach((row) => state.selected.add(row.ref));
  draw();
  emit("selection");
}

export function clearSelection() {
  state.selected.clear();
  draw();
  emit("selection");
}

/** The case to open when `ref` is done with. */
export const neighbour = (ref) => (cursor === ref ? rows[indexOf(ref) + 1] ?? rows[indexOf(ref) - 1] : rowOf(cursor))?.ref ?? null;

/** Mark a case as read, here and for the server. */
export async function seen(ref) {
  const row = rowOf(ref);
  if (row?.unread) replace({ ...row, unread: false });
  await call("POST", path(ref, "/seen"), {}).catch(() => null);
}
