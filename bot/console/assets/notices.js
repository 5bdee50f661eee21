// What must be known of a language of an article before one writes on.

import { diff } from "./diff.js";
import { act, api, button, call, langName, make, opened, t, word, words } from "./parts.js";

/** As elements. `whole`: the file itself is written; `reload(article)`, `beside()`: what buttons lead to. */
export function noticesOf(article, lang, { whole, reload, beside }) {
  const here = article.langs[lang];
  const notice = (...content) => make("div", { class: "notice warn" }, ...content);
  const made = [];
  if (here.state === "deleted") made.push(notice(t("editor.deleted")));
  if (here.outdated) made.push(notice(make("span", {}, t("editor.outdated", { lang: langName(words.first_language) })), button("merge", t("editor.beside"), beside, { class: "button small" })));
  if (here.review_note && here.review === "refused") made.push(notice(make("span", {}, make("strong", {}, word("review_state", "refused")), ` ${here.review_note}`)));
  if (here.draft?.behind && here.published) made.push(notice(make("span", {}, t("editor.behind")), make("span", { class: "row" },
    button("merge", t("history.changes"), () => compare(here), { class: "button small" }), act("check", t("editor.behind_ok"), () => rebase(article, lang).then(reload), { class: "button small" }))));
  // Nobody needs to be told that what was just begun is not finished.
  const problems = here.text || whole ? here.problems ?? [] : [];
  return [...made, ...problems.map((problem) => make("p", { class: "notice bad" }, problem.line ? t("editor.problem", problem) : problem.message))];
}

/** What was published since the draft was begun has been seen. Resolves with the article. */
async function rebase(article, lang) {
  return (await call("PUT", api(article), { lang, revision: article.langs[lang].draft.revision, rebase: true })).article;
}

function compare(here) {
  const dialog = make("dialog", { class: "wide", "aria-label": t("diff.label") }, make("div", { class: "stack" }, make("h2", {}, t("editor.behind_title")), diff(here.published.source, here.source),
    make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, words.close))));
  return opened(dialog, () => null);
}
