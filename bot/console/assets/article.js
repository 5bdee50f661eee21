// One article: a language of it to be written, and beside it what it looks like, what the bot makes of it, what others say.

import { aside } from "./aside.js";
import { badge, button, call, countDrafts, empty, fill, hear, icon, KIND_ICONS, keyOf, langName, languages, make, pageOf, t, toast, view, word, words } from "./parts.js";
import { metaPanel } from "./meta.js";
import { noticesOf } from "./notices.js";
import { presence } from "./presence.js";
import { questionList } from "./questions.js";
import { actionsOf, states } from "./review.js";
import { saver, unsent } from "./saving.js";
import { on } from "./stream.js";
import { writer } from "./writing.js";

const key = decodeURIComponent(location.pathname.split("/").pop());
const read = () => call("GET", `/api/console/articles/${encodeURIComponent(key)}`).then(({ article }) => article);
const first = words.first_language;
const preferred = (article) => [new URLSearchParams(location.search).get("lang"), first, ...Object.keys(article.langs)].find((lang) => languages.includes(lang));

let article = null;
let lang = "";
let whole = false; // the file itself is written, front matter and all
let saving = null; // of the language that is open
let side = null;
const here = () => article.langs[lang];

const title = make("textarea", { class: "title", rows: 1, "aria-label": t("meta.title"), placeholder: t("meta.title"), maxLength: 300 });
const saved = make("p", { class: "save-state", role: "status" });
const badges = make("p", { class: "row states" });
const actions = make("div", { class: "row actions" });
const tabs = make("div", { class: "lang-tabs", role: "group", "aria-label": t("list.langs") });
const notices = make("div", { class: "stack notices" });
const main = make("div", { class: "article-main" });
const beside = make("aside", { class: "article-side", "aria-label": t("side.label") });
const people = make("p", { class: "row people", role: "status" });
const publish = make("a", { class: "button primary", href: "/console/publish" }, icon("send"), t("editor.publish"));
const name = make("h1", { class: "unseen" });
const page = make("div", { class: "article", data: { pane: "write" } },
  make("header", { class: "article-head" },
    make("div", { class: "row between" },
      make("div", { class: "row" }, make("a", { class: "button ghost icon-only", href: "/console", "aria-label": t("editor.back"), title: t("editor.back") }, icon("back")), name, tabs),
      make("div", { class: "row" }, people, saved, publish)),
    make("div", { class: "row between" }, badges, actions)),
  make("div", { class: "article-body" }, main, beside));

const text = writer(touched);
const questions = questionList(touched);
let meta = null;

const file = make("textarea", { class: "source", spellcheck: false, "aria-label": t("editor.source") });
const values = () => (whole ? { source: file.value } : { title: title.value.trim(), text: text.area.value, questions: questions.value(), ...meta.value() });
const asText = ({ source, title: called, text: body, questions: asked }) => (source && whole ? source : [called, "", ...(asked ?? []).map((each) => `- ${each}`), "", body].join("\n"));

function touched() {
  if (!saving) return;
  saving.touch();
  side?.changed();
}

/** Show a language, as the server has it or as this browser kept it. */
function open(wanted) {
  saving?.stop();
  saving = null;
  lang = wanted;
  history.replaceState(null, "", pageOf(article, lang));
  drawHead();
  if (!here()) return missing();
  const kept = unsent(article, lang);
  const broken = !here().title && Boolean(here().source);
  whole = kept ? kept.values.source !== undefined : whole || broken;
  const shown = kept ? { ...here(), ...kept.values } : here();
  const removed = here().state === "deleted";
  meta = metaPanel(article.kind, touched);
  if (whole) main.replaceChildren(notices, make("p", { class: "hint" }, t("editor.source_hint")), file);
  else main.replaceChildren(notices, title, meta.node, text.node, questions.node);
  put(here()); // where it is seen: heights are measured
  for (const each of main.querySelectorAll("input, textarea, select, button")) if (!notices.contains(each)) each.disabled = removed;
  saving = saver({
    article, lang, revision: here().draft?.revision ?? null, values, text: asText, shown: saved,
    saved: (now) => {
      update(now);
      countDrafts();
    },
    taken: (now) => {
      article = now;
      open(lang);
      toast(t("conflict.taken"));
    },
  });
  if (kept) {
    put(shown);
    saving.adopt(kept.revision);
    saving.touch();
  }
  drawNotices();
  side = aside({ article, lang, values, box: beside, page, main, update, reload, area: text.area, flush: () => saving.flush() });
}

function put(fields) {
  title.value = fields.title ?? "";
  fit();
  text.set(fields.text ?? "");
  questions.set(fields.questions ?? []);
  meta.set(fields);
  file.value = fields.source ?? "";
  file.rows = Math.max(20, file.value.split("\n").length + 2);
}

function fit() {
  title.style.height = "auto";
  title.style.height = `${title.scrollHeight}px`;
}

function missing() {
  meta = null;
  saved.replaceChildren();
  beside.replaceChildren();
  page.querySelector(".side-tabs")?.remove();
  side = null;
  page.dataset.pane = "write";
  const source = Object.keys(article.langs).find((each) => each === first) ?? Object.keys(article.langs)[0];
  const start = async (copied) => {
    const from = article.langs[source];
    const body = { kind: article.kind, id: article.id, lang, title: from.title, ...(copied ? { text: from.text, questions: from.questions } : {}), ...(from.category ? { category: from.category } : {}) };
    try {
      article = (await call("POST", "/api/console/articles", body)).article;
      open(lang);
      title.focus();
    } catch (failure) {
      toast(failure.message, { bad: true });
    }
  };
  main.replaceChildren(empty("globe", t("editor.missing", { lang: langName(lang) }), t("editor.missing_hint"), make("div", { class: "row" },
    button("file", t("editor.start_from", { lang: langName(source) }), () => start(true), { class: "button primary" }), button("plus", t("editor.start_blank"), () => start(false), { class: "button" }))));
}

/** The server's word on the article; what is being written stays as it is. */
function update(now) {
  article = now;
  drawHead();
  drawNotices();
  side?.update(now);
}

/** The article again, fields and all. */
async function reload(now = null) {
  article = now ?? await read();
  open(here() ? lang : preferred(article));
}

async function gone() {
  try {
    await reload();
  } catch (failure) {
    if (failure.status !== 404) throw failure;
    location.assign("/console");
  }
}

function drawHead() {
  name.textContent = article.title;
  document.title = `${article.title} – ${t("list.title")}`;
  const focused = tabs.contains(document.activeElement) ? document.activeElement.dataset.lang : null;
  tabs.replaceChildren(...languages.map((each) => {
    const state = article.langs[each];
    const worst = !state ? "missing" : state.outdated ? "outdated" : state.state;
    return make("button", { type: "button", class: "lang-tab", data: { lang: each }, "aria-pressed": String(each === lang), title: state ? word("state", worst) : t("list.missing", { lang: langName(each) }), onclick: () => each === lang || leaveFor(each) },
      langName(each), make("span", { class: `state-dot is-${worst}` }), make("span", { class: "unseen" }, ` (${word("state", worst)})`));
  }));
  if (focused) tabs.querySelector(`[data-lang="${focused}"]`)?.focus();
  badges.replaceChildren(badge("kind", word("kind", article.kind)), ...states(here()));
  badges.firstElementChild.firstElementChild.replaceWith(icon(KIND_ICONS[article.kind]));
  const acted = actions.contains(document.activeElement) && document.activeElement.textContent;
  actions.replaceChildren(...(here() ? actionsOf(article, lang, { before: () => (saving ? saving.flush() : true), now: applied, gone }) : []), ...(here() && here().state !== "deleted" ? [button("file", t(whole ? "editor.fields" : "editor.source"), toggleWhole)] : []));
  if (acted) ([...actions.children].find((each) => each.textContent === acted) ?? actions.querySelector("button") ?? title).focus();
  publish.href = `/console/publish?article=${encodeURIComponent(`${article.kind}:${article.id}`)}`;
  publish.hidden = !words.parts.includes("publish") || !Object.values(article.langs).some((each) => each.state !== "published");
}

/** Review, schedule and deletion leave the text alone, unless it is gone or back. */
function applied(now) {
  const before = here()?.state;
  article = now;
  if ((before === "deleted") !== (here()?.state === "deleted") || saving?.revision !== (here()?.draft?.revision ?? null)) open(lang);
  else update(now);
  countDrafts();
}

function drawNotices() {
  if (here()) notices.replaceChildren(...noticesOf(article, lang, { whole, reload, beside: () => side.show("compare") }));
}

async function toggleWhole() {
  if (saving && !(await saving.flush())) return toast(t("save.first"), { bad: true });
  whole = !whole;
  article = await read();
  open(lang);
  return (whole ? file : title).focus();
}

async function leaveFor(each) {
  await saving?.flush();
  open(each);
}

file.addEventListener("input", touched);
title.addEventListener("input", () => {
  if (title.value.includes("\n")) title.value = title.value.replace(/\s*\n\s*/g, " ");
  fit();
  touched();
});
title.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  text.area.focus();
});

const bar = page.firstElementChild;
new ResizeObserver(() => page.style.setProperty("--head", `${bar.offsetHeight}px`)).observe(bar); // what sticks, sticks below it
on("article", async (changed) => {
  if (!article || changed.article !== keyOf(article)) return;
  const now = await read().catch(() => null);
  if (!now) return;
  const theirs = now.langs[lang]?.draft?.revision ?? null;
  if (saving && !saving.dirty() && theirs !== saving.revision && now.langs[lang]) reload(now);
  else if (!saving && now.langs[lang]) reload(now);
  else update(now);
});
on("published", () => read().then((now) => (saving?.dirty() ? update(now) : reload(now))).catch(() => null));
on("again", () => saving?.dirty() || read().then((now) => (now.langs[lang]?.draft?.revision ?? null) !== (saving?.revision ?? null) && reload(now)).catch(() => null));

hear({
  "ctrl+s": () => saving?.flush(), "ctrl+enter": () => side?.show("try"), e: () => text.area.focus(), "/": () => side?.show("try"),
  c: () => side?.show("comments"), p: () => side?.show("preview"), h: () => side?.show("history"),
}, [["e", "edit"], ["Ctrl+S", "save"], ["Ctrl+Enter", "try"], ["p", "preview"], ["c", "comment"], ["h", "history"], ["Alt+↑ Alt+↓", "move_question"]]);

fill(view, async () => {
  article = await read();
  view.replaceChildren(page);
  presence(keyOf(article), people);
  open(preferred(article));
});
countDrafts();
