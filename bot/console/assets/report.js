// What the gate found: what stands in the way, with its cure; what is lost; which answers change.

import { number } from "/desk/assets/text.js";

import { outcome } from "./asking.js";
import { articleAt, badge, empty, icon, langName, make, opened, said, t, word, words } from "./parts.js";
import { diff } from "./diff.js";

const linkTo = (article, lang, label, kind = "") => make("a", { href: `/console/articles/${encodeURIComponent(kind ? `${kind}:${article}` : article)}${lang ? `?lang=${lang}` : ""}` }, label ?? article);

function outcomeOf(answer) {
  if (!answer) return make("p", { class: "hint" }, t("report.nothing"));
  const title = answer.title || answer.article;
  return make("div", { class: "side-answer" },
    make("p", { class: "row" }, outcome({ decision: answer }), title ? make("strong", {}, title) : null),
    answer.text ? make("p", { class: "excerpt" }, answer.text) : null);
}

/** Old and new side by side. */
function pair({ text, lang, count, kind, before, after, expected }) {
  const [old, now] = [before, after];
  const texts = old?.text && now?.text && old.text !== now.text;
  const compare = () => {
    const dialog = make("dialog", { class: "wide", "aria-label": text }, make("div", { class: "stack" }, make("h2", {}, text), diff(old.text, now.text),
      make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, words.close))));
    return opened(dialog, () => null);
  };
  return make("article", { class: "pair" },
    make("header", { class: "row between" }, make("p", {}, make("q", { lang }, text), " ", make("span", { class: "hint" }, [lang ? langName(lang) : "", count > 1 ? t("report.times", { count }) : ""].filter(Boolean).join(" · "))),
      kind ? badge({ lost: "deleted", won: "published", to_handoff: "outdated", changed: "changed" }[kind], word("diff_kind", kind)) : null),
    expected ? make("p", { class: "hint" }, expected.length ? t("report.expected") : t("report.expected_none"), ...[expected].flat().flatMap((each, at) => [at ? ", " : " ", linkTo(each, lang, each, typeof expected === "string" ? "topic" : "")])) : null,
    make("div", { class: "sides" }, make("section", {}, make("h4", {}, t("report.before")), outcomeOf(old)), make("section", {}, make("h4", {}, t("report.after")), outcomeOf(now))),
    texts ? make("p", {}, make("button", { type: "button", class: "link", onclick: compare }, t("report.compare"))) : null);
}

/** What a finding is about: articles and topics as links, the words that it quotes. */
function about({ where = "", message = "", path, line, kind }) {
  const at = path ? articleAt(path) : null;
  if (at) return [" ", linkTo(at.id, at.lang, `${at.id} (${at.lang})`, at.kind), line ? t("report.line", { line }) : "", " ", message];
  const named = [...`${where} ${message}`.matchAll(/\b(article|topic) ([A-Za-z0-9][\w.-]*)(?: \(([a-z]{2,3}(?:-\w+)?)\))?/g)];
  const links = new Map(named.map(([, what, id, lang]) => [`${what}:${id}`, linkTo(id, lang, lang ? `${id} (${lang})` : id, what === "topic" ? "topic" : "")]));
  const quoted = [...new Set(message.match(/«[^»]*»/g) ?? [])];
  const told = quoted.length ? quoted.join(" ↔ ") : said(`finding.${kind}`) && kind !== "dead_link" ? "" : message;
  return [told ? ` ${told}` : "", ...[...links.values()].flatMap((each) => [" · ", each])];
}

/** What blocks or warns, each with what can be done. */
function reasons(title, tone, entries) {
  if (!entries.length) return null;
  return make("section", { class: `notice ${tone} reasons` }, make("h3", {}, title), make("ul", {}, ...entries.map((entry) => make("li", {},
    make("strong", {}, word("finding", entry.kind)), ...(entry.kind === "golden_lost" ? [" ", make("q", { lang: entry.lang }, entry.text)] : about(entry)),
    said(`cure.${entry.kind}`) ? make("span", { class: "cure" }, ` ${word("cure", entry.kind)}`) : null))));
}

const group = (title, entries, open = false) => (entries.length ? make("details", { class: "group", open }, make("summary", {}, make("h3", {}, title), make("span", { class: "count" }, entries.length)), ...entries) : null);

/** A gate report as an element. */
export function reportView(report) {
  const { golden, lint, diff: answers, blocks, warnings } = report;
  const by = (kind) => answers.filter((each) => each.kind === kind).sort((a, b) => (b.count ?? 1) - (a.count ?? 1)).map(pair);
  const kept = make("p", { class: "big" }, `${number(golden.right)} / ${number(golden.asked)}`);
  return make("div", { class: "stack report" },
    make("p", { class: `verdict ${report.passes ? "good" : "bad"}`, role: "status" }, icon(report.passes ? "check" : "late"), make("strong", {}, t(report.passes ? "report.passes" : "report.blocked")), report.seconds === undefined ? null : make("span", { class: "hint" }, t("report.seconds", { s: number(report.seconds, { maximumFractionDigits: 1 }) }))),
    reasons(t("report.blocks"), "bad", blocks), reasons(t("report.warnings"), "warn", warnings),
    make("div", { class: "tiles" },
      make("section", { class: "tile" }, make("h3", {}, t("report.golden")), kept, make("p", { class: "hint" }, t("report.golden_hint", { was: number(golden.was_right), lost: golden.lost.length, won: golden.won.length }))),
      make("section", { class: "tile" }, make("h3", {}, t("report.lint")), make("p", { class: "big" }, number(lint.new.length)), make("p", { class: "hint" }, t("report.lint_hint", { solved: lint.solved.length, standing: lint.standing }))),
      make("section", { class: "tile" }, make("h3", {}, t("report.answers")), make("p", { class: "big" }, number(answers.length)), make("p", { class: "hint" }, t("report.answers_hint")))),
    group(t("report.lost"), golden.lost.map(pair), true),
    group(word("diff_group", "lost"), by("lost"), true), group(word("diff_group", "to_handoff"), by("to_handoff"), true),
    group(word("diff_group", "changed"), by("changed")), group(word("diff_group", "won"), by("won")), group(t("report.won"), golden.won.map(pair)),
    answers.length || golden.lost.length || lint.new.length ? null : empty("check", t("report.quiet"), t("report.quiet_hint")));
}
