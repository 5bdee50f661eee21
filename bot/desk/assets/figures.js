// Figures for who leads: tables with their uncertainty, a plot of the days, the same as a file.

import { call } from "/staff/assets/api.js";
import { $ } from "/staff/assets/ui.js";

import { button, empty, icon, make } from "./dom.js";
import { number, percent, t, word } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const KINDS = ["ticket", "callback", "sla"];
const LEVELS = ["1", "2", "3", "4"];
const box = $("figures");
const day = (date) => new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
const ago = (days) => day(new Date(Date.now() - days * 864e5));

const asked = new URLSearchParams(location.search);
const from = make("input", { type: "date", id: "from", value: asked.get("from") ?? ago(29) });
const to = make("input", { type: "date", id: "to", value: asked.get("to") ?? ago(0) });
const file = make("a", { class: "button", download: "" }, t("figures.csv"));
const shown = make("div", { class: "stack", id: "shown", role: "region", "aria-live": "polite", "aria-label": t("figures_title") });
const form = make("form", { class: "figures-range" },
  make("div", { class: "field" }, make("label", { htmlFor: "from" }, t("figures.from")), from),
  make("div", { class: "field" }, make("label", { htmlFor: "to" }, t("figures.to")), to),
  make("button", { type: "submit", class: "button primary" }, t("figures.show")),
  ...[7, 30, 90].map((days) => button("", t("figures.last", { days }), () => {
    from.value = ago(days - 1);
    to.value = ago(0);
    load();
  }, { class: "button" })), file);
box.append(make("div", { class: "row between" }, make("h1", {}, t("figures_title")), make("a", { class: "button", href: "/desk" }, icon("back"), t("figures.back"))), form, shown);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});

async function load() {
  const query = `from=${from.value}&to=${to.value}`;
  history.replaceState(null, "", `/desk/figures?${query}`);
  file.href = `/api/desk/figures.csv?${query}`;
  box.setAttribute("aria-busy", "true");
  shown.replaceChildren(make("p", { class: "hint" }, t("figures.loading")));
  try {
    draw(await call("GET", `/api/desk/figures?${query}`));
  } catch (failure) {
    shown.replaceChildren(empty("late", t("figures.failed"), failure.message, button("retry", t("connection.again"), load, { class: "button small" })));
  }
  box.setAttribute("aria-busy", "false");
}

const panel = (title, hint, ...content) => make("section", { class: "panel" }, make("h2", {}, title), hint && make("p", { class: "hint" }, hint), ...content);

function table(title, heads, rows) {
  return make("table", {}, make("caption", { class: "unseen" }, title),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map(([name, ...values]) => make("tr", {}, make("th", { scope: "row" }, name), ...values.map((value) => make("td", {}, value))))));
}

const hours = (value) => (value === null ? "–" : t("figures.hours", { h: number(value, { maximumFractionDigits: 1 }) }));

/** A share with its interval, as numbers and as a picture. */
function share(found) {
  if (found.share === null) return ["–", "–"];
  const [low, high] = found.interval;
  const range = make("span", { class: "range" });
  const at = make("span", { class: "at" });
  range.style.left = `${low * 100}%`;
  range.style.width = `${(high - low) * 100}%`;
  at.style.left = `calc(${found.share * 100}% - 1px)`;
  return [make("span", { title: t("figures.of", found) }, `${percent(found.share)} (${t("figures.of", found)})`),
    make("span", {}, make("span", { class: "interval", "aria-hidden": "true" }, range, at), ` ${percent(low)} – ${percent(high)}`)];
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Stacked columns, one a day. */
function plot(days) {
  const most = Math.max(1, ...days.map((each) => KINDS.reduce((sum, kind) => sum + each[kind], 0)));
  const width = 1000 / days.length;
  const bars = days.flatMap((each, index) => {
    let top = 130;
    return KINDS.filter((kind) => each[kind]).map((kind) => {
      const height = (each[kind] / most) * 115;
      top -= height;
      return svg("rect", { class: kind, x: index * width + 1, y: top, width: Math.max(1, width - 2), height }, svg("title", {}, `${each.day}: ${each[kind]} ${word("kind", kind)}`));
    });
  });
  const total = days.reduce((sum, each) => sum + KINDS.reduce((all, kind) => all + each[kind], 0), 0);
  return svg("svg", { class: "plot", viewBox: "0 0 1000 150", preserveAspectRatio: "none", role: "img", "aria-label": `${t("figures.by_day")}: ${total}` }, svg("line", { x1: 0, x2: 1000, y1: 130, y2: 130 }), ...bars);
}

function draw({ volumes, times, breaches, backlog, resolution, satisfaction }) {
  const level = (each) => t("level", { level: each });
  const byKind = KINDS.map((kind) => [word("kind", kind), number(volumes.by_kind[kind])]);
  const timeRow = (name, found) => [name, number(found.count), hours(found.median), hours(found.p90)];
  const timeTable = (title, found) => table(title, [title, t("figures.count"), t("figures.median"), t("figures.p90")], [timeRow(t("figures.all"), found.all), ...LEVELS.map((each) => timeRow(level(each), found.by_level[each]))]);
  shown.replaceChildren(
    panel(t("figures.volumes"), "", make("p", { class: "big" }, number(volumes.total)), plot(volumes.by_day),
      make("p", { class: "legend" }, ...KINDS.map((kind) => make("span", { class: kind }, word("kind", kind))))),
    make("div", { class: "figures-grid" },
      panel(t("figures.kind"), "", table(t("figures.kind"), [t("figures.kind"), t("figures.count")], [...byKind, ...LEVELS.map((each) => [level(each), number(volumes.by_level[each])])])),
      panel(t("figures.backlog"), "", make("p", { class: "big" }, number(backlog.total)), table(t("figures.backlog"), [t("figures.status"), t("figures.count")], [
        [t("figures.overdue"), number(backlog.overdue)], [t("figures.oldest"), backlog.oldest_days === null ? "–" : t("figures.days", { count: backlog.oldest_days })],
        ...Object.entries(backlog.by_status).map(([status, count]) => [word("status", status), number(count)])])),
      panel(t("figures.times"), t("figures.times_hint"), timeTable(t("figures.first_reply"), times.first_reply), timeTable(t("figures.resolution_time"), times.resolution)),
      panel(t("figures.breaches"), "", ...["first_reply", "resolution"].map((clock) => table(t(`clocks.${clock}`), [t(`clocks.${clock}`), t("figures.share"), t("figures.interval")], LEVELS.map((each) => [level(each), ...share(breaches[each][clock])])))),
      panel(t("figures.resolution"), t("figures.resolution_hint"), table(t("figures.resolution"), [t("figures.resolution"), t("figures.share"), t("figures.interval")], ["confirmed", "silent", "reopened", "recent"].map((each) => [t(`figures.${each}`), ...share(resolution[each])]))),
      panel(t("figures.satisfaction"), "", satisfaction.count
        ? table(t("figures.satisfaction"), [t("figures.satisfaction"), t("figures.share"), t("figures.interval")], [[t("figures.satisfied"), ...share(satisfaction.satisfied)], [t("figures.mean"), number(satisfaction.mean), ""], [t("figures.answers"), number(satisfaction.count), ""]])
        : make("p", { class: "hint" }, t("figures.none")))));
}

load();
