// Views with their counts, and above the list: search, filters as chips, order, what is done with a selection.

import { call } from "/staff/assets/api.js";
import { $, toast } from "/staff/assets/ui.js";

import { ask } from "./ask.js";
import { assign, priority, snooze, status, tags } from "./changes.js";
import { button, icon, iconButton, lazily, make } from "./dom.js";
import { clearSelection, load, selectAll } from "./list.js";
import { pick } from "./picker.js";
import { emit, loadViews, me, on, state } from "./state.js";
import { t, word } from "./text.js";

const IMAGES = { mine: "user", unassigned: "ticket", "due-soon": "clock", breached: "late", "waiting-consent": "sla", snoozed: "snooze", all: "menu", "channel-ticket": "ticket", "channel-callback": "callback", "channel-sla": "sla" };
const SORTS = ["due", "created", "updated", "priority"];
const LEVELS = ["1", "2", "3", "4"];

const box = $("views");
const head = $("list-head");
const name = make("h2", { class: "list-name" });
const count = make("span", { class: "hint", id: "total" });
const search = make("input", { type: "search", id: "search", placeholder: t("list.search"), "aria-label": t("list.search"), title: t("list.search_hint"), autocomplete: "off", "aria-keyshortcuts": "/" });
const chips = make("div", { class: "chips", role: "group", "aria-label": t("list.filters") });
const bulk = make("div", { class: "bulk", role: "toolbar", "aria-label": t("bulk.label"), hidden: true });
const chosen = make("strong", { role: "status" });

head.append(
  make("div", { class: "row between" },
    make("div", { class: "list-title" }, iconButton("menu", t("views.open"), () => emit("pane", "views"), { class: "button ghost icon-only small to-views" }), name, count),
    make("div", { class: "row tools" }, iconButton("filter", t("list.filter"), addFilter), iconButton("sort", t("list.sort"), order))),
  make("div", { class: "search" }, icon("search"), search), chips, bulk);
bulk.append(chosen,
  iconButton("user", t("case.assign"), assign), iconButton("clock", t("case.status"), status), iconButton("urgent", t("case.priority"), priority),
  iconButton("tag", t("case.tags"), tags), iconButton("snooze", t("case.snooze"), snooze),
  iconButton("check", t("list.select_all"), selectAll), iconButton("close", t("bulk.clear"), clearSelection));

let live = false; // the server has live conversations
const current = () => state.views.find((view) => view.id === state.view);

function draw() {
  const group = (title, views) => (views.length ? make("div", { class: "view-group" }, title && make("h2", {}, title), make("ul", { class: "nav" }, ...views.map(entry))) : "");
  const own = state.views.filter((view) => "shared" in view);
  const built = state.views.filter((view) => !("shared" in view));
  const starts = (prefix) => built.filter((view) => view.id.startsWith(prefix));
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.view : null;
  box.replaceChildren(
    make("div", { class: "row between views-top" }, make("h2", {}, t("views.title")), iconButton("back", t("case.back"), () => emit("pane", "list"), { class: "button ghost icon-only small back" })),
    group("", built.filter((view) => !/^(level|channel)-/.test(view.id))),
    group(t("views.own"), own), group(t("views.levels"), starts("level-")), group(t("views.channels"), starts("channel-")),
    make("div", { class: "view-group" }, make("ul", { class: "nav" },
      live ? make("li", {}, make("button", { type: "button", class: "view-button", data: { view: "live" }, onclick: () => emit("live-all") }, icon("live"), t("views.live"))) : "",
      make("li", {}, make("a", { href: "/desk/figures" }, icon("chart"), t("views.figures"))))));
  if (focused) box.querySelector(`[data-view="${CSS.escape(focused)}"]`)?.focus();
  name.textContent = state.q ? t("list.search") : current()?.name ?? t("title");
}

function entry(view) {
  const here = view.id === state.view && !state.q;
  const address = make("a", { href: `/desk?view=${encodeURIComponent(view.id)}`, data: { view: view.id }, ...(here ? { "aria-current": "page" } : {}) },
    icon(IMAGES[view.id] ?? (view.id.startsWith("level-") ? "up" : "filter")), make("span", {}, view.name),
    view.count ? make("span", { class: view.id === "breached" ? "count bad" : "count" }, make("span", { "aria-hidden": "true" }, view.count), make("span", { class: "unseen" }, t("views.count", { count: view.count }))) : null);
  const changeable = "shared" in view && (view.mine || me.roles.includes("administrator"));
  return make("li", {}, address, changeable ? iconButton("pencil", t("views.edit", view), () => edit(view)) : null);
}

/** Another name, whom it is for, the filters added just now; or away with it. */
async function edit(view) {
  const may = me.roles.includes("administrator");
  const added = state.view === view.id && Object.keys(state.filters).length > 0;
  await ask({
    title: t("views.edit_title"),
    fields: [
      { name: "name", label: t("views.name"), required: true, value: view.name },
      ...(may ? [{ name: "shared", label: t("views.shared"), type: "checkbox", value: view.shared }] : []),
      ...(added ? [{ name: "filters", label: t("views.with_filters"), type: "checkbox" }] : []),
    ],
    danger: { label: t("views.delete"), work: () => remove(view) },
    submit: async ({ name: called, shared, filters }) => {
      const changes = { name: called, ...(may ? { shared } : {}), ...(filters ? { filters: { ...view.filters, ...state.filters } } : {}) };
      await call("PATCH", `/api/desk/views/${encodeURIComponent(view.id)}`, changes);
      await loadViews();
      if (filters) go(view.id);
    },
  });
  (box.querySelector(`[data-view="${CSS.escape(view.id)}"]`) ?? box.querySelector("a[data-view]"))?.focus(); // drawn anew meanwhile
}

async function remove(view) {
  try {
    await call("DELETE", `/api/desk/views/${encodeURIComponent(view.id)}`);
    if (state.view === view.id) go("mine");
    await loadViews();
    toast(t("views.deleted", view));
  } catch (failure) {
    toast(failure.message, { bad: true });
  }
}

box.addEventListener("click", (event) => {
  const address = event.target.closest("a[data-view]");
  if (!address || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(address.dataset.view);
});

/** Show a view. */
export function go(view) {
  Object.assign(state, { view, filters: {}, q: "" });
  search.value = "";
  emit("place");
  emit("pane", "list");
  reload();
}

function reload() {
  draw();
  drawChips();
  return load();
}

/** Show what the address says. */
export function restore({ view, q, sort, filters }) {
  Object.assign(state, { view, q, sort, filters });
  search.value = q;
  return reload();
}

// filters

const tagsSeen = () => [...new Set([...document.querySelectorAll(".badge.tagged")].map((each) => each.textContent))].sort();
const choices = () => ({
  kind: ["ticket", "callback", "sla"].map((each) => [each, word("kind", each)]),
  level: LEVELS.map((level) => [level, t("level", { level })]),
  status: ["open", "in_progress", "waiting_customer", "waiting_consent", "resolved", "closed"].map((each) => [each, word("status", each)]),
  owner: [["me", t("me")], ["none", t("nobody")], ...state.people.filter((person) => person.id !== me.id).map((person) => [person.id, person.name])],
  tag: tagsSeen().map((each) => [each, each]),
  due: ["soon", "breached", "ok", "paused", "none"].map((each) => [each, word("due_state", each)]),
  priority: ["urgent", "high", "normal", "low"].map((each) => [each, word("priority", each)]),
  snoozed: [["yes", t("snoozed_yes")], ["no", t("snoozed_no")]],
});

async function addFilter() {
  const items = Object.entries(choices()).filter(([, options]) => options.length).map(([value]) => ({ value, label: word("filter", value), icon: "filter" }));
  const filter = await pick({ title: t("pick.filter"), items });
  if (filter) await setFilter(filter);
}

async function setFilter(filter) {
  const now = (state.filters[filter] ?? "").split(",");
  const free = filter === "tag" ? (text) => ({ value: text.toLowerCase(), label: text.toLowerCase() }) : null;
  const items = choices()[filter].map(([value, label]) => ({ value, label, on: now.includes(value) }));
  const values = await pick({ title: word("filter", filter), multiple: true, create: free, items });
  if (!values) return;
  if (values.length) state.filters = { ...state.filters, [filter]: values.join(",") };
  else dropFilter(filter);
  emit("place");
  reload();
}

function dropFilter(filter) {
  state.filters = Object.fromEntries(Object.entries(state.filters).filter(([each]) => each !== filter));
}

function drawChips() {
  const names = choices();
  const made = Object.entries(state.filters).map(([filter, values]) => {
    const shown = values.split(",").map((value) => names[filter]?.find(([each]) => each === value)?.[1] ?? value).join(", ");
    return make("span", { class: "chip" }, make("button", { type: "button", onclick: () => setFilter(filter) }, `${word("filter", filter)}: ${shown}`),
      iconButton("close", t("list.remove_filter", { name: word("filter", filter) }), () => {
        dropFilter(filter);
        emit("place");
        reload();
        search.focus();
      }));
  });
  if (state.sort !== "due") made.push(make("span", { class: "chip plain" }, icon("sort"), word("sort", state.sort)));
  if (Object.keys(state.filters).length) made.push(button("", t("views.save"), save));
  chips.replaceChildren(...made);
  chips.hidden = !made.length;
}

async function save() {
  const filters = { ...current()?.filters, ...state.filters };
  const may = me.roles.includes("administrator");
  await ask({
    title: t("views.save_title"),
    fields: [{ name: "name", label: t("views.name"), required: true }, ...(may ? [{ name: "shared", label: t("views.shared"), type: "checkbox" }] : [])],
    submit: async ({ name: called, shared }) => {
      const { view } = await call("POST", "/api/desk/views", { name: called, filters, ...(shared ? { shared } : {}) });
      await loadViews();
      go(view.id);
    },
  });
}

async function order() {
  const sort = await pick({ title: t("pick.sort"), items: SORTS.map((each) => ({ value: each, label: word("sort", each), on: each === state.sort })) });
  if (!sort) return;
  state.sort = sort;
  emit("place");
  reload();
}

let typing = 0;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    state.q = search.value.trim();
    emit("place");
    reload();
  }, 220);
});
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.stopPropagation();
    if (search.value) {
      search.value = "";
      search.dispatchEvent(new Event("input"));
    } else $("rows").focus();
  } else if (event.key === "Enter" || event.key === "ArrowDown") {
    event.preventDefault();
    $("rows").focus();
  }
});
export const focusSearch = () => (search.focus(), search.select());

on("selection", () => {
  bulk.hidden = !state.selected.size;
  chosen.textContent = state.selected.size ? t("bulk.count", { count: state.selected.size }) : "";
});
on("views", draw);
on("live-there", () => {
  if (live) return;
  live = true;
  draw();
});
const recount = lazily(() => loadViews().catch(() => null), 1_500);
for (const change of ["stream:case", "stream:reset", "online", "reload"]) on(change, recount);
