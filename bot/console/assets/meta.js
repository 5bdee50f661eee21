// What is said of an article beside its text: category, audience, topic, dates.

import { call, field, make, select, t, word } from "./parts.js";

const FIELDS = ["category", "audience", "topic", "valid_from", "valid_until"];
let known = null; // categories and topics in use, read once

async function read() {
  const all = async (query) => {
    const found = [];
    for (let after = ""; ;) {
      const { articles, next } = await call("GET", `/api/console/articles?limit=100${query}${after}`);
      found.push(...articles);
      if (!next || found.length >= 1_000) return found;
      after = `&after=${encodeURIComponent(next)}`;
    }
  };
  const [topics, articles] = await Promise.all([all("&kind=topic"), all("")]);
  return { topics, categories: [...new Set(articles.map((each) => each.category).filter(Boolean))].sort() };
}

/** `{"node", "value": () => fields, "set"(fields)}`; `changed()` hears of every change. */
export function metaPanel(kind, changed) {
  const categories = make("datalist", { id: "categories" });
  const control = {
    category: make("input", { type: "text", autocomplete: "off", maxLength: 100 }),
    audience: select([["public", word("audience", "public")], ["internal", word("audience", "internal")]], "public"),
    topic: select([["", t("meta.no_topic")]], ""),
    valid_from: make("input", { type: "date" }),
    valid_until: make("input", { type: "date" }),
  };
  control.category.setAttribute("list", "categories");
  const order = make("p", { class: "error", role: "alert", hidden: true }, t("meta.wrong_order"));
  const shown = kind === "topic" ? ["category"] : FIELDS;
  const node = make("section", { class: "meta", "aria-label": t("meta.label") },
    ...shown.map((name) => field(t(`meta.${name}`), control[name], name === "audience" || name === "topic" ? t(`meta.${name}_hint`) : "")), categories, order);
  known ??= read().catch(() => (known = null, { topics: [], categories: [] }));
  known.then(({ topics, categories: names }) => {
    categories.append(...names.map((name) => make("option", { value: name })));
    const { value } = control.topic;
    control.topic.append(...topics.filter(({ id }) => id !== value).map(({ id, title }) => make("option", { value: id }, title)));
    const now = control.topic.selectedOptions[0];
    if (value) now.textContent = topics.find(({ id }) => id === value)?.title ?? value;
  });

  function check() {
    const { valid_from: { value: from }, valid_until: { value: until } } = control;
    order.hidden = !(from && until && until < from);
    control.valid_until.setAttribute("aria-invalid", String(!order.hidden));
  }
  node.addEventListener("input", () => (check(), changed()));
  return {
    node,
    value: () => Object.fromEntries(shown.map((name) => [name, control[name].value.trim() || null])),
    set: (fields) => {
      for (const name of shown) {
        const value = fields[name] ?? (name === "audience" ? "public" : "");
        if (name === "topic" && value && ![...control.topic.options].some((each) => each.value === value)) control.topic.append(make("option", { value }, value));
        control[name].value = value;
      }
      check();
    },
  };
}
