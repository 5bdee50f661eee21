// What customers asked in vain, what did not help, what nobody needs: each one click from an article.

import { moment, number, percent } from "/desk/assets/text.js";

import { create } from "./create.js";
import { act, badge, button, call, countDrafts, empty, fill, has, head, hear, icon, langName, make, pageOf, panel, select, t, table, undoable, view, word } from "./parts.js";
import { sparkline } from "./plot.js";
import { on } from "./stream.js";

const days = select(["7", "30", "90", "365"].map((each) => [each, t("figures.days", { count: each })]), "30", { "aria-label": t("figures.period") });
const box = make("div", { class: "stack", id: "gaps" });
view.append(head(t("gaps.title"), t("gaps.hint"), days), box);

const load = () => fill(box, async () => {
  const { gaps, weak, unused, grouped } = await call("GET", `/api/console/gaps?days=${days.value}`);
  return [
    panel(t("gaps.unanswered"), t(grouped ? "gaps.unanswered_hint" : "gaps.ungrouped"), gaps.length ? make("ol", { class: "gaps" }, ...gaps.map(gap)) : empty("check", t("gaps.none"), t("gaps.none_hint"))),
    panel(t("gaps.weak"), t("gaps.weak_hint"), weak.length ? table(t("gaps.weak"), [t("list.article"), t("gaps.shown"), t("gaps.helpful"), t("gaps.not_helpful")], weak.map(weakRow)) : make("p", { class: "hint" }, t("gaps.no_weak"))),
    panel(t("gaps.unused"), t("gaps.unused_hint"), unused.length ? make("details", {}, make("summary", {}, t("gaps.unused_count", { count: unused.length })), make("ul", { class: "columns" }, ...unused.map((each) => make("li", {}, link(each))))) : make("p", { class: "hint" }, t("gaps.no_unused"))),
  ];
});

const link = ({ kind, article, lang, title }) => make("span", {}, make("a", { href: pageOf({ kind, id: article }, lang) }, title), make("span", { class: "hint" }, ` ${langName(lang)}`));

function weakRow(each) {
  const { low, high } = each.interval;
  return [link(each), number(each.shown), number(each.helpful), make("span", {}, `${number(each.not_helpful)} `, make("span", { class: "hint" }, `(${percent(low)} – ${percent(high)})`))];
}

function gap(each) {
  const { trend } = each;
  const recent = trend.at(-1) ?? 0;
  const questions = each.questions.slice(0, 8);
  const draft = () => create({
    title: each.name, lang: each.lang, questions: each.questions.filter(({ lang }) => lang === each.lang).map(({ text }) => text), ...(each.agent_reply ? { text: each.agent_reply.text } : {}), from: { gap: each.id },
  });
  return make("li", { class: "gap" },
    make("div", { class: "gap-count" }, make("strong", {}, number(each.count)), make("span", { class: "hint" }, t("gaps.times", { count: each.count }))),
    make("div", { class: "gap-text" }, make("h3", { lang: each.lang }, each.name),
      make("p", { class: "row" }, make("span", { class: "hint" }, langName(each.lang)), each.outcome ? badge("outdated", word("gap_outcome", each.outcome)) : null, each.agent_reply ? badge("review", t("gaps.has_reply")) : null),
      questions.length > 1 || each.agent_reply ? make("details", {}, make("summary", {}, t("gaps.questions", { count: each.questions.length })),
        make("ul", {}, ...questions.map((one) => make("li", {}, make("q", { lang: one.lang }, one.text), make("span", { class: "hint" }, ` ${[one.count > 1 ? t("report.times", { count: one.count }) : "", one.last ? moment(one.last) : ""].filter(Boolean).join(" · ")}`)))),
        each.agent_reply ? make("blockquote", { class: "passage" }, make("strong", {}, t("gaps.reply")), make("p", {}, each.agent_reply.text)) : null) : null),
    sparkline(trend, t("gaps.trend", { values: trend.join(", "), count: recent })),
    make("div", { class: "row" }, button("pencil", t("gaps.write"), draft, { class: "button small primary" }), has("try") ? make("a", { class: "button small ghost", href: `/console/try?${new URLSearchParams({ lang: each.lang, q: questions[0]?.text ?? each.name })}` }, icon("play"), t("gaps.try")) : null,
      act("close", t("gaps.dismiss"), () => settle(each, "dismissed"), { class: "button small ghost" })));
}

async function settle(each, state) {
  const address = `/api/console/gaps/${encodeURIComponent(each.id)}`;
  await call("POST", address, { state });
  undoable(t("gaps.dismissed"), async () => {
    await call("POST", address, { state: "open" });
    await load();
  });
  await load();
}

days.addEventListener("change", load);
on("again", load);
hear({}, []);
load();
countDrafts();
