// Review, schedule, deletion of one language of an article.

import { local, moment, utc } from "/desk/assets/text.js";
import { ask } from "/desk/assets/ask.js";

import { act, api, badge, call, has, langName, me, t, undoable, word } from "./parts.js";

/** What can be done with a language as it stands. `before()` saves first and says whether it could; `now(article)` hears of the answer. */
export function actionsOf(article, lang, { before, now, gone }) {
  const here = article.langs[lang];
  const drafted = Boolean(here?.draft) || ["new", "changed", "deleted"].includes(here?.state);
  const settle = async (work) => {
    if (!(await before())) throw new Error(t("save.first"));
    now((await work()).article);
  };
  const review = (state, note) => settle(() => call("POST", api(article, "/review"), { lang, state, ...(note ? { note } : {}) }));

  const refuse = () => ask({
    title: t("review.refuse"), save: t("review.refuse"),
    fields: [{ name: "note", label: t("review.note"), type: "textarea", required: true }],
    submit: ({ note }) => review("refused", note),
  });
  const schedule = () => ask({
    title: t("schedule.title"), hint: t("schedule.hint"),
    fields: [{ name: "at", label: t("schedule.at"), type: "datetime-local", required: true, value: local(here.publish_at ? new Date(here.publish_at) : soon()) }],
    danger: here.publish_at ? { label: t("schedule.cancel"), work: () => settle(() => call("POST", api(article, "/schedule"), { lang, publish_at: null })) } : null,
    submit: ({ at }) => settle(() => call("POST", api(article, "/schedule"), { lang, publish_at: utc(at) })),
  });
  async function remove() {
    if (!(await before())) throw new Error(t("save.first"));
    const answer = await call("DELETE", api(article, `?lang=${lang}`));
    if (answer?.article) now(answer.article);
    else gone();
    undoable(t("remove.done", { lang: langName(lang) }), async () => {
      const undone = await call("DELETE", api(article, `/draft?lang=${lang}`));
      if (undone?.article) now(undone.article);
      else gone();
    });
  }
  const discard = () => ask({
    title: t("discard.title"), hint: t(here.published ? "discard.hint" : "discard.hint_new"), save: t("discard.save"), fields: [],
    submit: async () => {
      const answer = await call("DELETE", api(article, `/draft?lang=${lang}`));
      if (answer?.article?.langs[lang]) now(answer.article);
      else gone();
    },
  });

  const state = here?.review;
  const own = here?.draft?.author?.id === me.id;
  return [
    drafted && has("review") && state !== "requested" && state !== "approved" ? act("eye", t("review.request"), () => review("requested"), { class: "button small" }) : null,
    state === "requested" ? act("check", t("review.approve"), () => review("approved"), { class: "button small", title: own ? t("review.own") : "" }) : null,
    state === "requested" ? act("close", t("review.refuse"), refuse, { class: "button small" }) : null,
    drafted && has("schedule") ? act("clock", here.publish_at ? t("schedule.for", { at: moment(here.publish_at) }) : t("schedule.open"), schedule, { class: "button small" }) : null,
    here?.draft ? act("retry", t("discard.open"), discard, { class: "button small ghost" }) : null,
    here && here.state !== "deleted" && (here.published || !here.draft) ? act("trash", t("remove.open"), remove, { class: "button small ghost" }) : null,
  ].filter(Boolean);
}

function soon() {
  const at = new Date(Date.now() + 36e5);
  at.setMinutes(0, 0, 0);
  return at;
}

/** How a language stands, as badges. */
export function states(here) {
  if (!here) return [badge("missing", t("list.none"))];
  return [badge(here.state), here.outdated ? badge("outdated") : null, here.review ? badge("review", word("review_state", here.review)) : null,
    here.publish_error ? badge("outdated", t("schedule.failed")) : null,
    here.publish_at ? badge("scheduled", t("schedule.for", { at: moment(here.publish_at) })) : null,
    here.valid_until && here.valid_until < new Date().toISOString().slice(0, 10) ? badge("expired") : null].filter(Boolean);
}
