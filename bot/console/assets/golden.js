// Golden questions: what must be answered, by what; and what agents' clicks propose.

import { time } from "/desk/assets/dom.js";
import { ask } from "/desk/assets/ask.js";

import { act, badge, button, call, countDrafts, empty, fill, has, head, hear, icon, iconButton, langName, langOptions, languages, make, me, t, table, undoable, view } from "./parts.js";
import { on } from "./stream.js";

const proposals = make("div", { class: "stack", id: "proposals" });
const search = make("input", { type: "search", id: "search", placeholder: t("golden.search"), "aria-label": t("golden.search"), "aria-keyshortcuts": "/" });
const box = make("div", { class: "stack", id: "golden" });
const status = make("p", { class: "hint", role: "status" });
let questions = [];
let titles = null; // of articles, for choosing what is expected

view.append(head(t("golden.title"), t("golden.hint"), button("plus", t("golden.add"), () => add(), { class: "button primary", "aria-keyshortcuts": "c" })), proposals,
  make("div", { class: "filters" }, make("div", { class: "search" }, icon("search"), search)), status, box);

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const load = () => fill(box, async () => {
  const found = await call("GET", "/api/console/golden");
  questions = found.questions;
  return draw();
});

function draw() {
  const wanted = plain(search.value.trim());
  const shown = questions.filter((each) => plain(`${each.text} ${each.expected.join(" ")} ${each.topic ?? ""}`).includes(wanted));
  status.textContent = t("golden.count", { count: shown.length });
  if (!questions.length) return empty("sla", t("golden.none"), t("golden.none_hint"));
  if (!shown.length) return empty("search", t("list.nothing"));
  return table(t("golden.title"), [t("try.question"), t("list.lang"), t("golden.expected"), t("golden.state"), ""], shown.slice(0, 300).map((each) => [
    each.text, langName(each.lang), expected(each), badge(each.state),
    each.state !== "deleted" ? iconButton("trash", t("golden.remove", { text: each.text }), () => remove(each)) : ""]));
}

const expected = (each) => each.topic
  ? make("span", {}, icon("user"), " ", make("a", { href: `/console/articles/${encodeURIComponent(`topic:${each.topic}`)}?lang=${each.lang}` }, each.topic))
  : each.expected.length ? make("span", {}, ...each.expected.flatMap((article, at) => [at ? ", " : "", make("a", { href: `/console/articles/${encodeURIComponent(article)}?lang=${each.lang}` }, article)])) : make("span", { class: "hint" }, t("golden.nobody"));

async function remove(each) {
  await call("DELETE", `/api/console/golden/${encodeURIComponent(each.id)}`);
  undoable(t("golden.removed"), async () => {
    await call("POST", "/api/console/golden", { text: each.text, lang: each.lang, expected: each.topic ?? each.expected ?? [] });
    await load();
  });
  await load();
  countDrafts();
}

async function readTitles() {
  if (titles) return titles;
  titles = [];
  for (let after = ""; titles.length < 2_000;) {
    const { articles, next } = await call("GET", `/api/console/articles?limit=100${after}`);
    titles.push(...articles);
    if (!next) break;
    after = `&after=${encodeURIComponent(next)}`;
  }
  return titles;
}

/** Ask for a question and what must answer it. */
async function add(given = {}) {
  const all = await readTitles();
  const articles = all.filter(({ kind }) => kind !== "topic").map(({ id, title }) => [id, title]);
  const topics = all.filter(({ kind }) => kind === "topic").map(({ id, title }) => [id, title]);
  await ask({
    title: t("golden.add"), save: t("golden.save"),
    fields: [
      { name: "text", label: t("try.question"), value: given.text ?? "", required: true },
      { name: "lang", label: t("list.lang"), type: "select", value: given.lang ?? (languages.includes(me.lang) ? me.lang : languages[0]), options: langOptions() },
      { name: "kind", label: t("golden.expected"), type: "radio", value: "article", options: [["article", t("golden.an_article")], ["topic", t("golden.a_topic")], ["nobody", t("golden.nobody")]] },
      { name: "article", label: t("list.article"), type: "select", value: given.article ?? "", options: articles, when: ({ kind }) => kind === "article" },
      { name: "topic", label: t("meta.topic"), type: "select", options: topics, when: ({ kind }) => kind === "topic" },
    ],
    submit: async ({ text, lang, kind, article, topic }) => {
      await call("POST", "/api/console/golden", { text: text.trim(), lang, expected: kind === "article" ? [article] : kind === "topic" ? topic : [] });
      await load();
      countDrafts();
    },
  });
}

const loadProposals = () => fill(proposals, async () => {
  const { proposals: found } = await call("GET", "/api/console/proposals");
  const open = found.filter(({ state }) => state === "open");
  if (!open.length) return [];
  return make("section", { class: "panel" }, make("h2", {}, t("proposals.title")), make("p", { class: "hint" }, t("proposals.hint")), make("ul", { class: "proposals" }, ...open.map(proposal)));
});

function proposal(each) {
  const settle = (state, as) => async () => {
    await call("POST", `/api/console/proposals/${encodeURIComponent(each.id)}`, { state, ...(as ? { as } : {}) });
    await Promise.all([loadProposals(), load()]);
    countDrafts();
  };
  return make("li", { class: "proposal" },
    make("div", {}, make("p", {}, make("q", { lang: each.lang }, each.question)), make("p", { class: "hint" }, icon("book"), " ", make("a", { href: `/console/articles/${encodeURIComponent(each.article)}?lang=${each.lang}` }, each.article), " · ", langName(each.lang), " · ", time(each.at), " · ", each.from === "feedback" ? t("proposals.by_customers", { count: each.count }) : t("proposals.by_team"))),
    make("div", { class: "row" }, act("check", t("proposals.both"), settle("taken", "both"), { class: "button small primary" }), act("plus", t("proposals.question"), settle("taken", "question"), { class: "button small" }), act("sla", t("proposals.golden"), settle("taken", "golden"), { class: "button small" }), act("close", t("proposals.refuse"), settle("refused"), { class: "button small ghost" })));
}

search.addEventListener("input", () => questions.length && box.replaceChildren(draw()));
hear({ "/": () => search.focus(), c: () => add() }, [["/", "search"], ["c", "create"]]);
on("again", load);
load();
if (has("proposals")) loadProposals();
countDrafts();
