// A new article: its kind, its language, its title. The rest is written on its own page.

import { leave } from "/staff/assets/ui.js";
import { ask } from "/desk/assets/ask.js";

import { call, KINDS, langOptions, languages, me, pageOf, t, word } from "./parts.js";

/** Ask for what a new article needs. `given`: title, questions, text, lang, from. */
export const create = ({ title = "", lang = languages.includes(me.lang) ? me.lang : languages[0], ...given } = {}) =>
  ask({
    title: t("create.title"),
    save: t("create.save"),
    fields: [
      { name: "title", label: t("meta.title"), value: title, required: true },
      { name: "kind", label: t("list.kind"), type: "select", value: "faq", options: KINDS.filter((kind) => kind !== "video").map((kind) => [kind, word("kind", kind)]) },
      { name: "lang", label: t("list.lang"), type: "select", value: lang, options: langOptions() },
      { name: "category", label: t("meta.category"), hint: t("create.category_hint") },
      { name: "level", label: t("meta.level"), type: "select", value: "1", options: ["1", "2", "3", "4"].map((level) => [level, t("level", { level })]), when: ({ kind }) => kind === "topic" },
      { name: "channel", label: t("meta.channel"), type: "select", value: "ticket", options: ["ticket", "callback", "sla"].map((each) => [each, word("channel_name", each)]), when: ({ kind }) => kind === "topic" },
    ],
    submit: async ({ category, level, channel, ...values }) => {
      const { article } = await call("POST", "/api/console/articles", { ...values, ...(values.kind === "topic" ? { meta: { level: Number(level), channel } } : {}), ...(category.trim() ? { category: category.trim() } : {}), ...only(given, ["questions", "text", "from"]) });
      await leave(pageOf(article, values.lang));
    },
  });

const only = (values, names) => Object.fromEntries(names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));
