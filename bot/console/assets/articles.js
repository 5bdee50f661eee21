// All articles: searched, filtered, each language with its state.

import { time } from "/desk/assets/dom.js";

import { create } from "./create.js";
import { badge, button, call, countDrafts, empty, fill, head, hear, icon, KIND_ICONS, KINDS, langName, languages, make, pageOf, select, t, table, view, word, words } from "./parts.js";
import { on } from "./stream.js";

const STATES = ["draft", "review", "scheduled", "published", "outdated", "expired"];
const FILTERS = ["state", "kind", "lang", "category"];
const PAGE = 100;

const asked = new URLSearchParams(location.search);
const search = make("input", { type: "search", id: "search", value: asked.get("q") ?? "", placeholder: t("list.search"), "aria-label": t("list.search"), autocomplete: "off", "aria-keyshortcuts": "/" });
const choices = {
  state: STATES.map((each) => [each, word("state", each)]),
  kind: KINDS.map((each) => [each, word("kind", each)]),
  lang: languages.map((each) => [each, langName(each)]),
};
const selects = Object.fromEntries(FILTERS.map((name) => [name, select([["", t(`list.all_${name}`)], ...(choices[name] ?? [])], asked.get(name) ?? "", { name, "aria-label": t(`list.${name}`) })]));
const reset = button("close", t("list.reset"), () => {
  search.value = "";
  for (const each of Object.values(selects)) each.value = "";
  load();
  search.focus();
});
const count = make("p", { class: "hint", role: "status" });
const away = make("p", { class: "notice warn", role: "status", hidden: true }, t("list.search_unavailable"));
const box = make("div", { class: "stack", id: "articles" });
view.append(
  head(t("list.title"), "", make("button", { type: "button", class: "button primary", "aria-keyshortcuts": "c", onclick: create }, icon("plus"), t("list.create"))),
  make("div", { class: "filters" }, make("div", { class: "search" }, icon("search"), search), ...Object.values(selects), reset),
  away, count, box);

function query(after = null) {
  const made = new URLSearchParams();
  if (search.value.trim()) made.set("q", search.value.trim());
  for (const [name, control] of Object.entries(selects)) if (control.value) made.set(name, control.value);
  reset.hidden = !made.size;
  history.replaceState(null, "", made.size ? `/console?${made}` : "/console");
  made.set("limit", PAGE);
  if (after) made.set("after", after);
  return made;
}

let newest = 0; // only the answer to the last question is shown
function load() {
  const mine = ++newest;
  return fill(box, async () => {
    const found = await call("GET", `/api/console/articles?${query()}`);
    if (mine !== newest) return undefined;
    count.textContent = t("list.count", { count: found.total });
    away.hidden = found.search_available !== false;
    keepCategories(found.articles);
    const focused = document.activeElement?.dataset?.key;
    setTimeout(() => focused && box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus());
    return found.articles.length ? shown(found) : nothing();
  });
}

function nothing() {
  const filtered = new URLSearchParams(location.search).size > 0;
  return filtered
    ? empty("search", t("list.nothing"), t("list.nothing_hint"), button("close", t("list.reset"), () => reset.click(), { class: "button small" }))
    : empty("book", t("list.empty"), t("list.empty_hint"), make("div", { class: "row" },
      make("button", { type: "button", class: "button primary", onclick: create }, icon("plus"), t("list.create")),
      words.parts.includes("import") ? make("a", { class: "button", href: "/console/import" }, icon("upload"), t("nav.import")) : ""));
}

function keepCategories(articles) {
  const known = new Set([...selects.category.options].map((each) => each.value));
  const wanted = asked.get("category");
  for (const each of [...new Set([...articles.map(({ category }) => category), wanted])].sort()) if (each && !known.has(each)) selects.category.append(make("option", { value: each, selected: each === wanted }, each));
}

function shown({ articles, next }) {
  const made = table(t("list.title"), [t("list.article"), t("list.langs"), t("list.category"), t("list.updated")], articles.map(row));
  made.classList.add("article-table");
  if (!next) return made;
  const more = button("down", t("list.more"), async () => {
    const found = await call("GET", `/api/console/articles?${query(next)}`);
    const rest = shown(found);
    const body = (rest.querySelector ? rest : rest[0]).querySelector("tbody");
    const first = body.firstElementChild;
    made.querySelector("tbody").append(...body.children);
    more.replaceWith(...(Array.isArray(rest) ? rest.slice(1) : []));
    first?.querySelector("a")?.focus();
  }, { class: "button more" });
  return [made, more];
}

function row(article) {
  const lang = selects.lang.value;
  const title = make("a", { class: "main row-title", href: pageOf(article, lang), data: { key: `${article.kind}:${article.id}` } }, article.title);
  return make("tr", { class: "article-row" },
    make("th", { scope: "row" }, make("span", { class: "article-name" }, icon(KIND_ICONS[article.kind], word("kind", article.kind)), make("span", {}, title, make("span", { class: "sub" }, article.id)))),
    make("td", { class: "langs", data: { label: t("list.langs") } }, make("div", {}, ...languages.map((each) => language(article, each)))),
    make("td", { data: { label: t("list.category") } }, article.category ?? "–"),
    make("td", { data: { label: t("list.updated") } }, article.updated_at ? time(article.updated_at) : "–"));
}

function language(article, lang) {
  const here = article.langs[lang];
  if (!here) return make("a", { class: "lang-state missing", href: pageOf(article, lang), title: t("list.missing", { lang: langName(lang) }) }, lang, make("span", { class: "unseen" }, ` ${t("list.missing", { lang: langName(lang) })}`));
  const states = [here.state, ...(here.outdated ? ["outdated"] : []), ...(here.review === "requested" ? ["review"] : []), ...(here.publish_at ? ["scheduled"] : [])];
  const words = `${langName(lang)} : ${states.map((each) => word("state", each)).join(", ")}`;
  const worst = ["deleted", "outdated", "changed", "new", "review", "scheduled"].find((each) => states.includes(each)) ?? here.state;
  const made = badge(worst, lang);
  return make("a", { class: "lang-state", href: pageOf(article, lang), title: words }, made, make("span", { class: "unseen" }, words));
}

let timer = 0;
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(load, 200);
});
search.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    box.querySelector(".row-title")?.focus();
  } else if (event.key === "Escape" && search.value) {
    search.value = "";
    load();
  }
});
for (const each of Object.values(selects)) each.addEventListener("change", load);

function step(by) {
  const titles = [...box.querySelectorAll(".row-title")];
  const at = titles.indexOf(document.activeElement);
  titles[at < 0 ? 0 : Math.max(0, Math.min(titles.length - 1, at + by))]?.focus();
}
hear({
  "/": () => (search.focus(), search.select()), c: create, j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  e: () => document.activeElement?.classList.contains("row-title") && document.activeElement.click(),
}, [["/", "search"], ["c", "create"], ["j k", "move"], ["e", "edit"]]);
let later = 0;
for (const event of ["article", "published", "again"]) on(event, () => {
  clearTimeout(later);
  later = setTimeout(() => {
    load();
    countDrafts();
  }, 400);
});
load();
countDrafts();
