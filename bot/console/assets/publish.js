// What is to be published: chosen, proved by the gate, published, or stopped with what can be done.

import { ask } from "/desk/assets/ask.js";
import { moment } from "/desk/assets/text.js";

import { diff } from "./diff.js";
import { follow } from "./jobs.js";
import { act, administrator, badge, call, countDrafts, empty, exchange, Failure, fill, has, head, hear, icon, keyOf, KIND_ICONS, langName, languages, make, pageOf, panel, t, view, word, words } from "./parts.js";
import { reportView } from "./report.js";
import { on } from "./stream.js";

const asked = new URLSearchParams(location.search).getAll("article");
const list = make("div", { class: "stack", id: "changes" });
const outcome = make("div", { class: "stack", id: "outcome", tabIndex: -1 });
const note = make("input", { type: "text", id: "note", maxLength: 300, autocomplete: "off" });
const chosen = new Map(); // key → whether it is to be published
const GOLDEN = "golden:console"; // the golden questions, changed and published as one
let drafts = [];
let golden = []; // golden questions that are not as published
let proved = null; // {"job", "report", "key"} of the last gate
let running = false;

const prove = act("sla", t("publish.prove"), () => gate());
const go = act("send", t("publish.publish"), () => publish(), { class: "button primary" });
const count = make("span", { class: "hint", role: "status" });
const form = make("div", { class: "stack", hidden: true }, make("div", { class: "field" }, make("label", { htmlFor: "note" }, t("publish.note")), note), make("div", { class: "row" }, go, prove, count));
view.append(head(t("publish.title"), t("publish.hint")), make("div", { class: "publish" }, panel(t("publish.changes"), "", list, form), outcome));

const keys = () => [...drafts.map(keyOf), ...(golden.length ? [GOLDEN] : [])];
const wanted = () => keys().filter((key) => chosen.get(key));
const body = () => (wanted().length === keys().length ? {} : { articles: wanted() });

function buttons() {
  const some = wanted().length;
  form.hidden = !keys().length;
  for (const each of [prove, go]) each.disabled = !some || running;
  count.textContent = keys().length ? t("publish.chosen", { count: some, total: keys().length }) : "";
  if (proved && proved.key !== wanted().join()) {
    proved = null;
    outcome.replaceChildren();
  }
}

const load = () => fill(list, async () => {
  drafts = [];
  for (let after = ""; ;) {
    const { articles, next } = await call("GET", `/api/console/articles?state=draft&limit=100${after}`);
    drafts.push(...articles);
    if (!next) break;
    after = `&after=${encodeURIComponent(next)}`;
  }
  golden = has("golden") ? (await call("GET", "/api/console/golden")).questions.filter(({ state }) => state !== "published") : [];
  for (const key of keys()) if (!chosen.has(key)) chosen.set(key, !asked.length || asked.includes(key));
  buttons();
  if (!keys().length) return empty("check", t("publish.nothing"), t("publish.nothing_hint"), make("a", { class: "button", href: "/console" }, icon("book"), t("nav.articles")));
  return make("ul", { class: "changes" }, ...drafts.map(change), golden.length ? goldenChange() : "");
});

function tick(key) {
  const box = make("input", { type: "checkbox", id: `c-${key}`, checked: chosen.get(key) });
  box.addEventListener("change", () => {
    chosen.set(key, box.checked);
    buttons();
  });
  return box;
}

function goldenChange() {
  const box = tick(GOLDEN);
  return make("li", { class: "change-item" }, make("div", { class: "row" }, box, make("label", { htmlFor: box.id, class: "change-title" }, icon("sla"), t("golden.title")), make("a", { href: "/console/golden" }, t("report.open"))),
    make("details", {}, make("summary", {}, t("publish.show")), make("ul", {}, ...golden.map((each) => make("li", {}, badge(each.state), " ", make("q", { lang: each.lang }, each.text))))));
}

function change(article) {
  const key = keyOf(article);
  const box = tick(key);
  const langs = languages.filter((lang) => article.langs[lang] && article.langs[lang].state !== "published");
  const detail = make("div", { class: "stack" });
  const more = make("details", {}, make("summary", {}, t("publish.show")), detail);
  more.addEventListener("toggle", () => more.open && !detail.childElementCount && fill(detail, async () => {
    const { article: whole } = await call("GET", `/api/console/articles/${encodeURIComponent(key)}`);
    return langs.flatMap((lang) => {
      const here = whole.langs[lang];
      return [make("h4", {}, langName(lang)), diff(here.published?.source ?? "", here.state === "deleted" ? "" : here.source ?? "")];
    });
  }));
  return make("li", { class: "change-item" },
    make("div", { class: "row" }, box, make("label", { htmlFor: box.id, class: "change-title" }, icon(KIND_ICONS[article.kind]), article.title),
      ...langs.map((lang) => badge(article.langs[lang].state, `${langName(lang)} · ${word("state", article.langs[lang].state)}`)),
      ...langs.filter((lang) => article.langs[lang].review).map((lang) => badge("review", word("review_state", article.langs[lang].review))),
      ...langs.filter((lang) => article.langs[lang].publish_at).map((lang) => badge("scheduled", moment(article.langs[lang].publish_at))),
      make("a", { href: pageOf(article, langs[0]) }, t("report.open"))), more);
}

async function gate() {
  const key = wanted().join();
  running = true;
  buttons();
  try {
    const { job } = await call("POST", "/api/console/gate", body());
    const report = await follow(outcome, job, t("publish.proving"));
    if (!report) {
      outcome.replaceChildren(make("p", { class: "notice", role: "status" }, t("publish.cancelled")));
      return null;
    }
    proved = { job, report, key };
    show(report);
    return report;
  } catch (failure) {
    outcome.replaceChildren(make("p", { class: "notice bad", role: "alert" }, failure.message));
    return null;
  } finally {
    running = false;
    buttons();
  }
}

function show(report) {
  const overrule = !report.passes && administrator ? act("late", t("publish.overrule"), overruled, { class: "button danger" }) : null;
  outcome.replaceChildren(panel(t("publish.report"), "", reportView(report),
    make("div", { class: "row end" }, overrule, report.passes ? act("send", t("publish.now"), () => publish(), { class: "button primary" }) : act("retry", t("publish.again"), gate))));
  outcome.focus({ preventScroll: true });
  outcome.scrollIntoView({ block: "nearest" });
}

const overruled = () => ask({
  title: t("publish.overrule"), hint: t("publish.overrule_hint"), save: t("publish.overrule_save"),
  fields: [{ name: "reason", label: t("publish.reason"), type: "textarea", required: true }],
  submit: ({ reason }) => publish(reason),
});

async function publish(overrule = "") {
  if (!proved || proved.key !== wanted().join()) await gate();
  if (!proved || (!proved.report.passes && !overrule)) return;
  const { status, body: answer } = await exchange("POST", "/api/console/publish", { ...body(), gate: proved.job, ...(note.value.trim() ? { note: note.value.trim() } : {}), ...(overrule ? { overrule } : {}) });
  if (status === 409 && answer?.report) {
    proved = { ...proved, report: answer.report };
    show(answer.report);
    return;
  }
  if (status >= 400) {
    if (status === 409) proved = null; // another version serves by now: prove anew
    throw new Failure(status, answer?.error ?? {});
  }
  done(answer);
}

function done({ version, previous }) {
  proved = null;
  note.value = "";
  chosen.clear();
  outcome.replaceChildren(make("section", { class: "panel published-now", role: "status" }, icon("check"), make("h2", {}, t("publish.done")), make("p", {}, t("publish.done_hint"), " ", make("code", {}, version)),
    make("div", { class: "row" }, make("a", { class: "button primary", href: "/", target: "_blank", rel: "noopener" }, icon("live"), t("publish.ask_widget")),
      words.parts.includes("versions") ? make("a", { class: "button", href: "/console/versions" }, icon("clock"), t("nav.versions")) : null,
      previous && words.parts.includes("rollback") ? act("retry", t("versions.back_to_previous"), async () => {
        await call("POST", "/api/console/rollback", { version: previous });
        outcome.replaceChildren(make("p", { class: "notice good", role: "status" }, t("versions.done")));
        load();
      }) : null)));
  outcome.focus({ preventScroll: true });
  load();
  countDrafts();
}

let later = 0;
for (const event of ["article", "published", "again"]) on(event, () => {
  clearTimeout(later);
  later = setTimeout(() => running || load(), 600);
});
hear({ "ctrl+enter": () => go.click() }, [["Ctrl+Enter", "publish"]]);
load();
countDrafts();
