// Sentences of the catalogue, moments and spans of time in the reader's language.

import { words } from "/staff/assets/api.js";

export const lang = words.lang;
const plural = new Intl.PluralRules(lang);
const format = (options) => new Intl.DateTimeFormat(lang, options);
const clock = format({ hour: "2-digit", minute: "2-digit" });
const short = format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const whole = format({ dateStyle: "full", timeStyle: "short" });
const days = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const MINUTE = 60_000;

/** What the catalogue has at a dotted key below `desk_page`; undefined where it has nothing. */
export const said = (key) => key.split(".").reduce((tree, name) => tree?.[name], words.page);

/** The sentence of a key, its {placeholders} filled; `count` chooses between `one` and `other`. */
export function t(key, values = {}) {
  let found = said(key);
  if (found && typeof found === "object") found = found[plural.select(values.count)] ?? found.other;
  return (found ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The word for a value, the value itself where there is none. */
export const word = (group, value) => said(`${group}.${value}`) ?? String(value);

/** « 2 h 10 » */
export function span(ms) {
  const minutes = Math.floor(Math.abs(ms) / MINUTE);
  if (minutes < 1) return t("span.seconds");
  if (minutes < 60) return t("span.minutes", { m: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("span.hours", { h: hours, m: String(minutes % 60).padStart(2, "0") });
  const d = Math.floor(hours / 24);
  return d < 7 ? t("span.days", { d, h: hours % 24 }) : t("span.many", { d });
}

export const ago = (iso) => (Date.now() - new Date(iso) < MINUTE ? t("due.now") : t("due.ago", { span: span(Date.now() - new Date(iso)) }));

/** How a case stands with its clock: `{"state", "text"}`; what has run out since the server spoke is seen here. */
export function due({ due_at: at, due: known }, brief = false) {
  if (!at) return { state: known, text: known === "paused" ? t("due.paused") : brief ? "" : t("due.never") };
  const left = new Date(at) - Date.now();
  if (left <= 0) return { state: "breached", text: t(brief ? "due.late_short" : "due.late", { span: span(left) }) };
  return { state: known === "breached" ? "soon" : known, text: t("due.in", { span: span(left) }) };
}

/** Today: the hour; else day and hour. */
export function moment(iso) {
  const at = new Date(iso);
  return at.toDateString() === new Date().toDateString() ? clock.format(at) : short.format(at);
}

export const full = (iso) => whole.format(new Date(iso));
export const day = (iso) => days.format(new Date(iso));
export const number = (value, options) => new Intl.NumberFormat(lang, options).format(value);
export const percent = (value) => number(value, { style: "percent", maximumFractionDigits: 1 });
export const list = (items) => new Intl.ListFormat(lang).format(items);

export function bytes(count) {
  const [value, unit] = count < 1e6 ? [Math.max(1, count / 1024), "kilobyte"] : [count / 1048576, "megabyte"];
  return number(value, { style: "unit", unit, maximumFractionDigits: unit === "megabyte" ? 1 : 0 });
}

/** The value of an `<input type="datetime-local">` for a moment, and back. */
export const local = (date) => new Date(date - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
export const utc = (value) => new Date(value).toISOString();

export const initials = (name) => name.split(/\s+/).slice(0, 2).map((part) => [...part][0] ?? "").join("").toUpperCase();
