// What an article was: who changed it when, what differs, and the way back.

import { avatar, time } from "/desk/assets/dom.js";

import { diff } from "./diff.js";
import { act, api, badge, call, empty, fill, make, opened, t, undoable, words } from "./parts.js";

/** `restored(article)` hears where an older text became the draft. */
export function historyOf(article, lang, { restored }) {
  const box = make("div", { class: "history stack" });
  const query = `?lang=${lang}`;
  const sourceOf = (revision) => call("GET", api(article, `/revisions/${encodeURIComponent(revision)}${query}`)).then(({ source }) => source ?? "");

  const load = () => fill(box, async () => {
    const { revisions } = await call("GET", api(article, `/revisions${query}`));
    if (!revisions.length) return empty("clock", t("history.none"));
    return make("ol", { class: "revisions" }, ...revisions.map((each, at) => entry(each, revisions[at + 1], at === 0)));
  });

  function entry(each, before, newest) {
    const name = each.author?.name ?? t("history.files");
    return make("li", { class: "revision" }, avatar(name),
      make("div", {}, make("p", {}, make("strong", {}, name), " ", time(each.at), " ", each.published ? badge("published", t("history.published")) : null),
        each.note ? make("p", { class: "hint" }, each.note.startsWith("restored:") ? t("history.restored_from") : each.note.startsWith("imported:") ? t("history.imported", { name: each.note.slice(9) }) : each.note) : null,
        each.deleted ? make("p", {}, badge("deleted", t("history.deleted"))) : null,
        make("div", { class: "row" },
          act("merge", t("history.changes"), () => compare(each, before), { class: "button small ghost" }),
          newest ? null : act("retry", t("history.restore"), () => restore(each), { class: "button small ghost" }))));
  }

  async function compare(each, before) {
    const [now, then] = await Promise.all([sourceOf(each.revision), before ? sourceOf(before.revision) : ""]);
    const dialog = make("dialog", { class: "wide", "aria-labelledby": "compare-title" },
      make("div", { class: "stack" }, make("h2", { id: "compare-title" }, t("history.changes_of", { name: each.author?.name ?? t("history.files") })), diff(then, now),
        make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, words.close))));
    await opened(dialog, () => null);
  }

  async function restore(each) {
    const draft = (await call("GET", api(article))).article.langs[lang]?.draft;
    const back = async (revision) => restored((await call("POST", api(article, "/restore"), { lang, revision })).article);
    await back(each.revision);
    undoable(t("history.restored"), async () => (draft ? back(draft.revision) : restored((await call("DELETE", api(article, `/draft${query}`))).article)));
    load();
  }

  load();
  return { node: box, load };
}

