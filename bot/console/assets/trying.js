// Questions asked of the drafts: one, with all that speaks for its answer, or many from a list or a file.

import { percent } from "/desk/assets/text.js";

import { change, compared, outcome } from "./asking.js";
import { act, badge, call, countDrafts, empty, field, head, hear, langOptions, languages, make, me, opened, panel, select, t, table, view, words } from "./parts.js";

const MOST = 200; // questions asked at once
const asked = new URLSearchParams(location.search);
const lang = select(langOptions(), asked.get("lang") ?? (languages.includes(me.lang) ? me.lang : languages[0]), { id: "lang" });
const one = make("input", { type: "text", id: "question", value: asked.get("q") ?? "", autocomplete: "off", placeholder: t("try.placeholder") });
const answer = make("div", { class: "try-result", "aria-live": "polite" });
const many = make("textarea", { id: "many", rows: 6, placeholder: t("try.many_placeholder") });
const file = make("input", { type: "file", accept: ".csv,.txt,.tsv,text/csv,text/plain", hidden: true, "aria-label": t("try.file") });
const result = make("div", { class: "stack", "aria-live": "polite" });
const note = make("p", { class: "hint", role: "status" });

const ask = act("play", t("try.ask"), async () => {
  const text = one.value.trim();
  if (!text) return one.focus();
  history.replaceState(null, "", `/console/try?${new URLSearchParams({ lang: lang.value, q: text })}`);
  answer.replaceChildren(make("p", { class: "hint" }, t("try.asking")));
  const { results } = await call("POST", "/api/console/try", { text, lang: lang.value, draft: true }).catch((failure) => {
    answer.replaceChildren();
    throw failure;
  });
  answer.replaceChildren(compared(results[0]));
}, { class: "button primary" });

/** The first column of a table, or one question a line. */
function questionsIn(text) {
  const rows = csv(text.replace(/^\uFEFF/, ""));
  const known = new Set(["question", "text", "frage", "q"]);
  const at = Math.max(0, (rows[0] ?? []).findIndex((cell) => known.has(cell.trim().toLowerCase())));
  const body = rows.length && known.has((rows[0][at] ?? "").trim().toLowerCase()) ? rows.slice(1) : rows;
  return [...new Set(body.map((row) => (row[at] ?? "").trim()).filter(Boolean))];
}

function csv(text) {
  const first = text.split("\n", 1)[0];
  const sign = ["\t", ";", ","].find((each) => first.includes(each) && (each !== "," || first.includes('"') || /^[^ ]+,[^ ]/.test(first))) ?? "\n";
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const each = text[at];
    const row = rows.at(-1);
    if (quoted && each === '"' && text[at + 1] === '"') row[row.length - 1] += text[at++];
    else if (each === '"' && (quoted || !row.at(-1))) quoted = !quoted;
    else if (!quoted && each === sign && each !== "\n") row.push("");
    else if (!quoted && each === "\n") rows.push([""]);
    else if (each !== "\r") row[row.length - 1] += each;
  }
  return rows;
}

const batch = act("play", t("try.ask_all"), async () => {
  const questions = questionsIn(many.value);
  if (!questions.length) return many.focus();
  if (questions.length > MOST) note.textContent = t("try.too_many", { count: MOST });
  else note.textContent = "";
  const results = [];
  const all = questions.slice(0, MOST);
  for (let at = 0; at < all.length; at += 20) {
    result.replaceChildren(make("p", { class: "hint" }, t("job.count", { done: at, total: all.length, doing: t("try.asking") })));
    results.push(...(await call("POST", "/api/console/try", { questions: all.slice(at, at + 20).map((text) => ({ text, lang: lang.value })), draft: true })).results);
  }
  result.replaceChildren(...batchTable(results));
}, { class: "button primary" });

const said = ({ decision, hits, topics }) => (decision.outcome === "handoff" ? topics?.find(({ topic }) => topic === decision.topic)?.title ?? t("try.no_topic") : hits[0]?.title ?? "–");

function batchTable(results) {
  const changed = results.filter((each) => change(each) !== "same").length;
  const tally = ["answer", "clarify", "handoff"].map((each) => [each, results.filter(({ draft }) => draft.decision.outcome === each).length]);
  const show = (each) => {
    const dialog = make("dialog", { class: "wide", "aria-label": each.text }, make("div", { class: "stack" }, make("h2", {}, each.text), compared(each),
      make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, words.close))));
    return opened(dialog, () => null);
  };
  return [
    make("p", { class: "row", role: "status" }, ...tally.map(([each, count]) => make("span", { class: "badge" }, t(`try.count_${each}`, { count }))), changed ? badge("changed", t("try.count_changed", { count: changed })) : null),
    table(t("try.batch"), [t("try.question"), t("try.outcome"), t("try.probability"), t("try.says"), t("try.against")], results.map((each) => [
      make("button", { type: "button", class: "link", onclick: () => show(each) }, each.text), outcome(each.draft), each.draft.decision.probability === null ? "–" : percent(each.draft.decision.probability), said(each.draft),
      change(each) === "same" ? make("span", { class: "hint" }, t("try.change_same")) : badge("changed", t(`try.change_${change(each)}`))])),
  ];
}

one.addEventListener("keydown", (event) => event.key === "Enter" && !event.isComposing && (event.preventDefault(), event.stopPropagation(), ask.click()));
file.addEventListener("change", async () => {
  many.value = await file.files[0].text();
  file.value = "";
  batch.click();
});
many.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
many.addEventListener("drop", async (event) => {
  if (!event.dataTransfer.files.length) return;
  event.preventDefault();
  many.value = await event.dataTransfer.files[0].text();
});

view.append(head(t("try.title"), t("try.title_hint")),
  make("div", { class: "two" },
    panel(t("try.one"), "", make("div", { class: "ask-row" }, field(t("try.question"), one), field(t("list.lang"), lang)), make("div", { class: "row" }, ask, make("span", { class: "hint" }, make("kbd", {}, "Enter"))), answer),
    panel(t("try.many"), t("try.many_hint"), field(t("try.list"), many), make("div", { class: "row" }, batch, act("upload", t("try.file"), () => file.click()), file), note, result)));
document.getElementById("console").setAttribute("aria-busy", "false");
hear({ "/": () => one.focus(), "ctrl+enter": () => (document.activeElement === many ? batch : ask).click() }, [["/", "question"], ["Ctrl+Enter", "try"]]);
if (one.value) ask.click();
else answer.append(empty("play", t("try.empty"), t("try.empty_hint")));
countDrafts();
