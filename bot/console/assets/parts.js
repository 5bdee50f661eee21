// What the console's pages share: their frame, states of loading, badges, keys, calls with files.

import { call, Failure, words } from "/staff/assets/api.js";
import { $, toast } from "/staff/assets/ui.js";

import { button, empty, icon, iconButton, make } from "/desk/assets/dom.js";
import { opened } from "/desk/assets/picker.js";
import { said, t, word } from "/desk/assets/text.js";

export { $, button, call, empty, Failure, icon, iconButton, make, opened, said, t, toast, word, words };

export const me = words.me;
export const view = $("view");
export const languages = Object.keys(words.languages);
export const langName = (lang) => words.languages[lang] ?? lang;
export const KINDS = ["faq", "blog", "manual", "video", "topic"];
export const KIND_ICONS = { faq: "help", blog: "text", manual: "book", video: "play", topic: "up" };
export const keyOf = ({ kind, id }) => `${kind}:${id}`;
export const pageOf = (article, lang = "") => `/console/articles/${encodeURIComponent(keyOf(article))}${lang ? `?lang=${lang}` : ""}`;
export const api = (article, rest = "") => `/api/console/articles/${encodeURIComponent(keyOf(article))}${rest}`;
/** Whether the server has what a page is for. */
export const has = (part) => words.parts.includes(part);
export const administrator = me.roles.includes("administrator");

/** The article that a path of the content folder belongs to: `{"kind", "id", "lang"}`, null for other files. */
export function articleAt(path) {
  const [, folder, id, lang] = /^(faq|blog|manuals|videos|levels)\/(.+)\.([a-z]{2,3}(?:-[A-Za-z0-9]+)?)\.(?:md|vtt)$/.exec(path) ?? [];
  return folder ? { kind: { manuals: "manual", videos: "video", levels: "topic" }[folder] ?? folder, id, lang } : null;
}

export const head = (title, hint, ...actions) =>
  make("header", { class: "page-head" }, make("div", {}, make("h1", {}, title), hint ? make("p", { class: "hint" }, hint) : null), make("div", { class: "row" }, ...actions));

export const panel = (title, hint, ...content) => make("section", { class: "panel" }, title ? make("h2", {}, title) : null, hint ? make("p", { class: "hint" }, hint) : null, ...content);

/** Fill a box by `work()` → nodes; while it works, and where it fails, the box says so and offers to try again. */
export async function fill(box, work, loading = t("loading")) {
  const patience = setTimeout(() => box.replaceChildren(make("p", { class: "hint loading", role: "status" }, loading)), box.childElementCount ? 400 : 0);
  box.setAttribute("aria-busy", "true");
  try {
    const made = await work();
    clearTimeout(patience);
    if (made !== undefined) box.replaceChildren(...[made].flat().filter(Boolean));
  } catch (failure) {
    clearTimeout(patience);
    if (!(failure instanceof Failure)) console.error(failure);
    box.replaceChildren(empty("late", t("failed"), failure.message, button("retry", t("again"), () => fill(box, work, loading), { class: "button small" })));
  }
  box.setAttribute("aria-busy", "false");
  $("console").setAttribute("aria-busy", "false");
}

/** A button's work: out of reach while it runs, a failure is a toast. */
export const act = (name, label, work, properties = {}) => {
  const made = button(name, label, async () => {
    if (made.getAttribute("aria-busy") === "true") return;
    made.setAttribute("aria-busy", "true");
    try {
      await work(made);
    } catch (failure) {
      toast(failure.message, { bad: true });
    } finally {
      made.removeAttribute("aria-busy");
    }
  }, { class: "button", ...properties });
  return made;
};

/** A notice that something is done, with the way back. */
export function undoable(text, undo) {
  const note = make("div", { class: "toast" }, icon("check"), text);
  note.append(act("", t("undo"), async () => {
    await undo();
    note.remove();
  }, { class: "button small" }), iconButton("close", words.close, () => note.remove()));
  $("toasts").append(note);
  setTimeout(() => note.matches(":hover, :focus-within") || note.remove(), 15_000);
}

const STATES = { published: ["check", "good"], changed: ["pencil", "warn"], new: ["plus", "info"], deleted: ["trash", "bad"], review: ["eye", "info"], scheduled: ["clock", "info"], outdated: ["late", "warn"], expired: ["late", "bad"] };
export const badge = (state, label = word("state", state)) => {
  const [name, tone] = STATES[state] ?? ["file", ""];
  return make("span", { class: `badge tone-${tone}` }, icon(name), label);
};

export function table(title, heads, rows, properties = {}) {
  return make("div", { class: "table-box", role: "region", "aria-label": title, tabIndex: 0 }, make("table", { class: "table fold", ...properties }, make("caption", { class: "unseen" }, title),
    make("thead", {}, make("tr", {}, ...heads.map((each) => make("th", { scope: "col" }, each || make("span", { class: "unseen" }, t("list.actions")))))),
    make("tbody", {}, ...rows.map((cells) => (cells instanceof Node ? cells : make("tr", {}, ...cells.map((cell, at) => (at ? make("td", { data: { label: heads[at] } }, cell) : make("th", { scope: "row" }, cell)))))))));
}

export const field = (label, control, hint = "") => {
  control.id ||= `f${Math.random().toString(36).slice(2, 9)}`;
  const note = hint ? make("p", { class: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return make("div", { class: "field" }, make("label", { htmlFor: control.id }, label), control, note);
};
export const select = (options, value, properties = {}) => make("select", properties, ...options.map(([each, label]) => make("option", { value: each, selected: each === value }, label)));
export const langOptions = () => languages.map((lang) => [lang, langName(lang)]);

/** Send a form with files. Resolves with the body; throws Failure. */
export async function send(address, form, method = "POST") {
  const { csrf } = await call("GET", "/api/staff/session");
  let response;
  try {
    response = await fetch(address, { method, headers: { "X-CSRF-Token": csrf }, body: form, credentials: "same-origin" });
  } catch {
    throw new Failure(0, { code: "offline", message: words.offline });
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Failure(response.status, body?.error ?? {});
  return body;
}

/** A call whose refusal carries more than its reason: `{"status", "body"}`, whatever the status. */
export async function exchange(method, address, content) {
  const { csrf } = await call("GET", "/api/staff/session");
  let response;
  try {
    response = await fetch(address, { method, headers: { "X-CSRF-Token": csrf, "Content-Type": "application/json" }, body: JSON.stringify(content), credentials: "same-origin" });
  } catch {
    throw new Failure(0, { code: "offline", message: words.offline });
  }
  return { status: response.status, body: await response.json().catch(() => null) };
}

// keys

const typing = (target) => target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

/** `hear({"/": work, "ctrl+s": work})`; single keys are heard outside of fields, ? shows them all. */
export function hear(keys, described) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const held = event.ctrlKey || event.metaKey;
    const name = held ? `ctrl+${event.key.toLowerCase()}` : event.key;
    if (!held && (typing(event.target) || (event.key === "Enter" && event.target !== document.body))) return;
    const work = name === "?" ? () => showKeys(described) : keys[name];
    if (!work) return;
    event.preventDefault();
    Promise.resolve(work(event)).catch((failure) => toast(failure.message, { bad: true }));
  });
  $("console-help")?.addEventListener("click", () => showKeys(described));
}

function showKeys(described) {
  const rows = [...described, ["?", "help"]].flatMap(([key, name]) => [make("dt", {}, ...key.split(" ").map((each) => make("kbd", {}, each))), make("dd", {}, t(`keys.${name}`))]);
  const dialog = make("dialog", { "aria-labelledby": "keys-title" }, make("h2", { id: "keys-title" }, t("keys.title")), make("dl", { class: "keys" }, ...rows),
    make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, words.close)));
  return opened(dialog, () => null);
}

document.querySelector(".console-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

/** How many articles have work that is not published, beside the way to the page that publishes it. */
export async function countDrafts() {
  const mark = $("drafts");
  if (!mark) return;
  const { total } = await call("GET", "/api/console/articles?state=draft&limit=1").catch(() => ({ total: 0 }));
  mark.hidden = !total;
  mark.firstElementChild.textContent = total;
  mark.lastElementChild.textContent = ` ${t("nav.drafts", { count: total })}`;
}
