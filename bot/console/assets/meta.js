// What is said of an article beside its text: category, audience, topic, dates.

import { call, field, make, select, t, word } from "./parts.js";

const FIELDS = ["category", "audience", "topic", "valid_from", "valid_until"];
// What front matter has beside, by kind: [name, type].
const MORE = {
  topic: [["level", "level"], ["channel", "channel"], ["urgent", "checkbox"], ["passed_to", "text"], ["passed_on", "text"]],
  blog: [["date", "date"], ["author", "text"]],
  video: [["video", "url"]],
};
const CHANNELS = ["ticket", "callback", "sla"];
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

function controlOf(type) {
  if (type === "level") return select([1, 2, 3, 4].map((level) => [String(level), t("level", { level })]), "1");
  if (type === "channel") return select(CHANNELS.map((each) => [each, word("channel_name", each)]), "ticket");
  return make("input", { type, autocomplete: "off" });
}
const typed = (type, control) => (type === "checkbox" ? control.checked || null : type === "level" ? Number(control.value) : control.value.trim() || null);

/** `{"node", "value": () => fields, "set"(fields)}`; `changed()` hears of every change. */
export function metaPanel(kind, changed) {
  const more = (MORE[kind] ?? []).map(([name, type]) => ({ name, type, control: controlOf(type) }));
  let rest = {}; // front matter that has no field here stays as it is
  const categories = make("datalist", { id: "categories" });
  const control = {
    category: make("input", { type: "text", autocomplete: "off", maxLength: 100 }),
    audience: select([["public", word("audience", "public")], ["internal", word("audience", "internal")]], "public"),
    topic: select([["", t("meta.no_topic")]], ""),
    valid_from: make("input", { type: "date" }),
    valid_until: make("input", { type: "date" }),
  };
  control.category.setAttribute("list", "categories");
  for (const name of ["audience", "topic"]) control[name].title = t(`meta.${name}_hint`);
  const order = make("p", { class: "error", role: "alert", hidden: true }, t("meta.wrong_order"));
  const shown = kind === "topic" ? ["category"] : FIELDS;
  const node = make("section", { class: "meta", "aria-label": t("meta.label") },
    ...shown.map((name) => field(t(`meta.${name}`), control[name])),
    ...more.map(({ name, type, control: each }) => (type === "checkbox" ? make("label", { class: "check" }, each, t(`meta.${name}`)) : field(t(`meta.${name}`), each))), categories, order);
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
    const passed = more.find(({ name }) => name === "level")?.control.value === "4";
    for (const { name, control: each } of more) if (name.startsWith("passed_")) each.closest(".field").hidden = !passed;
    control.valid_until.setAttribute("aria-invalid", String(!order.hidden));
  }
  node.addEventListener("input", () => (check(), changed()));
  return {
    node,
    value: () => ({
      ...Object.fromEntries(shown.map((name) => [name, control[name].value.trim() || null])),
      ...(more.length ? { meta: { ...rest, ...Object.fromEntries(more.map(({ name, type, control: each }) => [name, each.closest("[hidden]") ? null : typed(type, each)]).filter(([name, value]) => value !== null || rest[name] !== undefined)) } } : {}),
    }),
    set: (fields) => {
      for (const name of shown) {
        const value = fields[name] ?? (name === "audience" ? "public" : "");
        if (name === "topic" && value && ![...control.topic.options].some((each) => each.value === value)) control.topic.append(make("option", { value }, value));
        control[name].value = value;
      }
      rest = { ...fields.meta };
      for (const { name, type, control: each } of more) {
        if (type === "checkbox") each.checked = rest[name] === true;
        else if (rest[name] !== undefined && rest[name] !== null) each.value = rest[name];
      }
      check();
    },
  };
}
