// One's own settings: presence, out of office, language, keys, sound, notifications; and the sheet of shortcuts.

import { call, words } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { ask } from "./ask.js";
import { make } from "./dom.js";
import { askNotifications, notifications, setSound, sound } from "./notify.js";
import { opened } from "./picker.js";
import { emit, keep, kept, on } from "./state.js";
import { local, t, utc } from "./text.js";

let me = words.me;
export const singleKeys = () => kept("keys", true);
on("me", (person) => {
  me = person;
  for (const dot of document.querySelectorAll(".who .dot")) dot.dataset.presence = me.presence;
});

export async function settings() {
  const out = me.out_until && new Date(me.out_until) > new Date() ? local(new Date(me.out_until)) : "";
  const other = await ask({
    title: t("own.title"), hint: t("own.theme"),
    fields: [
      { name: "presence", label: t("own.presence"), type: "radio", value: me.presence, options: ["online", "away", "offline"].map((each) => [each, t(each)]) },
      { name: "out_until", label: t("own.out_until"), type: "datetime-local", value: out },
      { name: "lang", label: t("own.lang"), type: "select", value: me.lang, options: Object.entries(words.languages) },
      { name: "sound", label: t("own.sound"), type: "checkbox", value: sound() },
      ...(notifications() === "default" ? [{ name: "notifications", label: t("notify.turn_on"), type: "checkbox" }] : []),
      { name: "keys", label: t("own.keys"), type: "checkbox", value: singleKeys(), hint: "" },
    ],
    submit: async (values) => {
      if (values.notifications) await askNotifications();
      setSound(values.sound);
      keep("keys", values.keys ? null : false);
      const changed = { presence: values.presence, out_until: values.out_until ? utc(values.out_until) : null, lang: values.lang };
      const before = me.lang;
      emit("me", (await call("PATCH", "/api/staff/me", changed)).person);
      return before === me.lang ? "saved" : "language";
    },
  });
  if (other === "language") location.reload();
  else if (other) toast(t("own.saved"));
}

const KEYS = {
  list: [["j", "k", "move"], ["Enter", "enter"], ["x", "select"], ["Shift + x", "range"], ["/", "search"], ["Esc", "esc"]],
  case: [["r", "reply"], ["n", "note"], ["a", "assign"], ["i", "take"], ["e", "resolve"], ["u", "status"], ["s", "snooze"], ["t", "tags"], ["p", "priority"], ["Ctrl + Enter", "send"]],
  go: [["g i", "g u", "g m", "go"], ["?", "help"]],
};

export function help() {
  const groups = Object.entries(KEYS).map(([group, rows]) => make("section", {}, make("h3", {}, t(`help.groups.${group}`)),
    make("dl", { class: "keys" }, ...rows.flatMap((row) => [make("dt", {}, ...row.slice(0, -1).map((key) => make("kbd", {}, key))), make("dd", {}, t(`help.${row.at(-1)}`))]))));
  const close = make("button", { type: "button", class: "button primary", "data-close": "" }, t("close"));
  const dialog = make("dialog", { class: "wide", "aria-label": t("help.title") }, make("div", { class: "stack" }, make("h2", {}, t("help.title")), make("div", { class: "columns" }, ...groups), make("p", { class: "hint" }, t("own.keys_hint")), make("div", { class: "row end" }, close)));
  return opened(dialog, () => undefined, () => close.focus());
}

/** Buttons in the frame beside one's name. */
export function addButtons(...buttons) {
  document.querySelector(".side-foot").prepend(...buttons);
}

