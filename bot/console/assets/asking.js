// What the bot would do with a question, and why: probabilities, passages, what the customer would see.

import { number, percent } from "/desk/assets/text.js";

import { bubble } from "./bubble.js";
import { icon, KIND_ICONS, make, pageOf, t, word } from "./parts.js";

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** A text with the words of the question marked. */
export function marked(text, question) {
  const wanted = new Set((fold(question).match(/[\p{L}\p{N}]{3,}/gu) ?? []).map((each) => each.slice(0, 6)));
  return text.split(/([\p{L}\p{M}\p{N}]+)/u).map((part) => (part.length > 2 && wanted.has(fold(part).slice(0, 6)) ? make("mark", {}, part) : part));
}

export const bar = (probability) => {
  const fill = make("span", { class: "bar-fill" });
  fill.style.width = `${Math.round(probability * 100)}%`;
  return make("span", { class: "sure" }, make("span", {}, make("span", { class: "bar", "aria-hidden": "true" }, fill), percent(probability)));
};

const IMAGES = { answer: "check", clarify: "help", handoff: "user" };
export const outcome = ({ decision }) =>
  make("span", { class: `badge tone-${{ answer: "good", clarify: "info", handoff: "warn" }[decision.outcome]}` }, icon(IMAGES[decision.outcome]), word("outcome", decision.outcome));

/** What the customer would see. */
function seen(text, answer) {
  const { decision, hits, topics } = answer;
  const { host, show } = bubble();
  const asked = { text, lang: answer.lang, asked: true };
  if (decision.outcome === "answer") show(asked, { text: hits[0].text, lang: hits[0].lang, source: hits[0] });
  else if (decision.outcome === "clarify") show(asked, { text: t("try.clarify"), lang: answer.lang, choices: hits.slice(0, 3).map(({ title }) => title) });
  else show(asked, { text: topics.find(({ topic }) => topic === decision.topic)?.text ?? t("try.handoff"), lang: answer.lang, choices: [word("channel", decision.channel)] });
  return host;
}

const SIGNALS = ["meaning", "words", "letters"];

/** Why a hit is not the first: where it is behind. */
function behind(hit, first) {
  const [mine, best] = [hit.because?.signals, first.because?.signals];
  if (!mine || !best) return t("try.less_likely");
  const less = SIGNALS.filter((name) => best[name] - mine[name] > 0.02).map((name) => t(`try.behind_${name}`));
  return less.length ? t("try.behind", { what: new Intl.ListFormat(document.documentElement.lang).format(less) }) : t("try.close");
}

function signals({ because }) {
  if (!because) return null;
  return make("dl", { class: "signals" }, ...SIGNALS.filter((name) => typeof because.signals?.[name] === "number").flatMap((name) => {
    const meter = make("meter", { min: 0, max: 1, value: because.signals[name], "aria-label": t(`try.${name}`) });
    return [make("dt", {}, t(`try.${name}`)), make("dd", {}, meter, ` ${number(because.signals[name], { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`)];
  }));
}

function hit(each, first, text, here) {
  const article = { kind: each.kind, id: each.article };
  return make("details", { class: `hit${here === each.article ? " here" : ""}`, open: each === first },
    make("summary", {}, icon(KIND_ICONS[each.kind] ?? "file"), make("span", { class: "hit-title" }, each.title), bar(each.probability)),
    make("div", { class: "hit-body" },
      each.because ? make("p", { class: "hint" }, t(`try.because_${each.because.kind}`), " ", make("q", {}, ...marked(each.because.text, text))) : null,
      each === first ? null : make("p", { class: "why-not" }, behind(each, first)),
      signals(each),
      make("blockquote", { class: "passage" }, each.heading ? make("strong", {}, each.heading) : null, make("p", {}, ...marked(each.text, text))),
      here === each.article ? null : make("a", { href: pageOf(article, each.lang) }, t("try.open"))));
}

/** One answer as a card. `here`: the article beside which it is shown. */
export function answerCard(text, answer, here = "") {
  const { hits, topics, decision } = answer;
  return make("div", { class: "answer" },
    make("p", { class: "row" }, outcome(answer), decision.probability === null ? null : make("span", { class: "hint" }, percent(decision.probability)), make("span", { class: "hint" }, word("reason", decision.reason))),
    make("section", { class: "seen", "aria-label": t("try.seen") }, make("h3", {}, t("try.seen")), seen(text, answer)),
    make("section", {}, make("h3", {}, t("try.hits")), hits.length ? make("div", { class: "hits" }, ...hits.map((each) => hit(each, hits[0], text, here))) : make("p", { class: "hint" }, t("try.no_hits"))),
    topics?.length ? make("section", {}, make("h3", {}, t("try.topics")), make("ul", { class: "topics" }, ...topics.slice(0, 3).map((each) =>
      make("li", {}, make("span", {}, `${each.title} · ${t("level", { level: each.level })}`), bar(each.probability))))) : "");
}

/** Whether the drafts change what happens, in a few words. */
export function change({ draft, live }) {
  const named = (answer) => (answer.decision.outcome === "answer" ? answer.hits[0].article : answer.decision.topic ?? "");
  if (!live || live.decision.outcome !== draft.decision.outcome) return "outcome";
  return named(draft) === named(live) ? (draft.decision.outcome === "answer" && draft.hits[0].text !== live.hits[0].text ? "text" : "same") : "article";
}

/** Draft and published beside each other, for one question. */
export function compared(result, here = "") {
  const { text, draft, live } = result;
  const what = change(result);
  const box = make("div", { class: "compared" });
  const show = (which) => {
    box.replaceChildren(
      make("div", { class: "segmented", role: "group", "aria-label": t("try.which") }, ...["draft", "live"].map((each) =>
        make("button", { type: "button", class: "segment", "aria-pressed": String(each === which), onclick: () => (show(each), box.querySelector('[aria-pressed="true"]').focus()) }, t(`try.${each}`)))),
      make("p", { class: `change is-${what}` }, icon(what === "same" ? "check" : "merge"), t(`try.change_${what}`)),
      which === "live" && !live ? make("p", { class: "hint" }, t("try.no_live")) : answerCard(text, which === "draft" ? draft : live, here));
  };
  show("draft");
  return box;
}
