// Every version there was, what changed in it, and one click back.

import { time } from "/desk/assets/dom.js";
import { number } from "/desk/assets/text.js";
import { ask } from "/desk/assets/ask.js";

import { act, articleAt, badge, call, countDrafts, empty, fill, head, hear, langName, make, pageOf, t, toast, undoable, view } from "./parts.js";
import { on } from "./stream.js";

const box = make("div", { class: "stack", id: "versions" });
view.append(head(t("versions.title"), t("versions.hint")), box);
const SHOWN = 6;

const load = () => fill(box, async () => {
  const { versions } = await call("GET", "/api/console/versions");
  if (!versions.length) return empty("clock", t("versions.none"));
  const live = versions.find((each) => each.live);
  return make("ol", { class: "versions" }, ...versions.map((each) => entry(each, live)));
});

function entry(each, live) {
  const { files } = each;
  const named = (path) => {
    const article = articleAt(path);
    return article ? make("a", { href: pageOf(article, article.lang) }, `${article.id} (${langName(article.lang)})`) : make("code", {}, path);
  };
  const rest = files.slice(SHOWN);
  return make("li", { class: `version${each.live ? " live" : ""}` },
    make("div", { class: "row between" },
      make("div", { class: "row" }, make("code", {}, each.version), each.live ? badge("published", t("versions.live")) : null, time(each.created), each.by ? make("span", {}, each.by) : null),
      each.live ? null : act("retry", t("versions.back"), () => back(each, live), { class: "button small" })),
    each.note ? make("p", {}, each.note) : null,
    make("p", { class: "hint" }, [t("versions.articles", { count: each.articles, shown: number(each.articles) }), typeof each.errors === "number" ? t("versions.errors", { share: number(each.errors, { style: "percent", maximumFractionDigits: 1 }) }) : ""].filter(Boolean).join(" · ")),
    files.length ? make("p", { class: "files-changed" }, t("versions.changed", { count: files.length }), " ", ...files.slice(0, SHOWN).flatMap((path, at) => [at ? ", " : "", named(path)])) : null,
    rest.length ? make("details", {}, make("summary", {}, t("versions.more", { count: rest.length })), make("p", {}, ...rest.flatMap((path, at) => [at ? ", " : "", named(path)]))) : null);
}

const back = (each, live) => ask({
  title: t("versions.back_title"), hint: t("versions.back_hint", { version: each.version }), save: t("versions.back"), fields: [],
  submit: async () => {
    await call("POST", "/api/console/rollback", { version: each.version });
    await load();
    if (live) undoable(t("versions.done"), async () => {
      await call("POST", "/api/console/rollback", { version: live.version });
      await load();
    });
    else toast(t("versions.done"));
  },
});

for (const event of ["published", "again"]) on(event, load);
hear({}, []);
load();
countDrafts();
