// Changes to cases: shown at once, taken back with the reason where the server refuses, one case or the selection.

import { call } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { ask } from "./ask.js";
import { avatar } from "./dom.js";
import { clearSelection, cursor, replace, rowOf } from "./list.js";
import { pick } from "./picker.js";
import { emit, me, path, state } from "./state.js";
import { full, local, t, utc, word } from "./text.js";

const STATUSES = ["open", "in_progress", "waiting_customer", "resolved", "closed"];
const PRIORITIES = ["urgent", "high", "normal", "low"];
const MARKS = { urgent: "urgent", high: "high", normal: "more", low: "low" };

/** What the shortcuts act on: the selection, else the open case, else the row under the cursor. */
export const targets = () => (state.selected.size ? [...state.selected] : [state.case?.ref ?? cursor].filter(Boolean));
const known = (ref) => (state.case?.ref === ref ? state.case : rowOf(ref));

/** Change the targets. Resolves when the server has answered. */
export async function change(changes, refs = targets()) {
  if (!refs.length) return;
  if (refs.length > 1 || state.selected.size) return changeMany(changes, refs);
  await changeOne(refs[0], changes);
}

async function changeMany(changes, refs) {
  try {
    const parts = [];
    for (let at = 0; at < refs.length; at += 200) parts.push(await call("POST", "/api/desk/bulk", { refs: refs.slice(at, at + 200), changes }));
    const done = parts.flatMap((part) => part.done);
    const refused = parts.flatMap((part) => part.refused);
    clearSelection();
    if (done.length) toast(t("bulk.done", { count: done.length }));
    refused.slice(0, 5).forEach((each) => toast(t("bulk.refused", each), { bad: true }));
    emit("reload", done);
  } catch (failure) {
    toast(failure.message, { bad: true });
  }
}

async function changeOne(ref, changes) {
  const before = known(ref);
  if (before) {
    const shown = { ...before, ...seenAs(changes) };
    if (state.case?.ref === ref) emit("case", shown);
    else replace(shown);
  }
  try {
    await patch(ref, changes, before);
  } catch (failure) {
    if (before && state.case?.ref === ref) emit("case", before);
    else if (before) replace(before);
    if (failure.code === "changed_meanwhile") return emit("conflict", { ref, changes });
    toast(failure.message, { bad: true });
  }
  return undefined;
}

/** Send changes to what was seen as `before`. Where only oneself was faster (two keys in a row), it is sent again. */
async function patch(ref, changes, before) {
  const version = before?.version;
  try {
    const { case: after } = await call("PATCH", path(ref), version ? { ...changes, version } : changes);
    if (state.case?.ref === ref) emit("case", after);
    else replace(after);
  } catch (failure) {
    if (failure.code !== "changed_meanwhile" || !before?.timeline) throw failure;
    const { case: now } = await call("GET", path(ref));
    const seen = new Set(before.timeline.map((entry) => entry.id));
    const others = now.timeline.some((entry) => !seen.has(entry.id) && entry.actor.id !== me.id);
    if (others || now.version === version) throw failure;
    await patch(ref, changes, now);
  }
}

/** How changes will look, before the server has said so. */
function seenAs({ owner, level, custom, ...same }) {
  const shown = { ...same };
  if (owner !== undefined) {
    const id = owner === "me" ? me.id : owner;
    shown.owner = id && { id, name: state.people.find((person) => person.id === id)?.name ?? me.name };
  }
  if (level) shown.level = level.level;
  return shown;
}

export async function assign() {
  const now = targets().map((ref) => known(ref)?.owner?.id ?? null);
  const items = state.people
    .map((person) => ({
      value: person.id, label: person.id === me.id ? `${person.name} (${t("me")})` : person.name, on: now.every((id) => id === person.id),
      node: avatar(person.name), hint: `${t(person.presence)} · ${t("pick.load", person)}`,
    }))
    .sort((a, b) => (b.value === me.id) - (a.value === me.id));
  const owner = await pick({ title: t("pick.owner"), items: [...items, { value: null, label: t("nobody"), icon: "user", on: now.every((id) => id === null) }] });
  if (owner !== undefined) await change({ owner });
}

export async function status() {
  const now = known(targets()[0])?.status;
  const value = await pick({ title: t("pick.status"), items: STATUSES.map((each) => ({ value: each, label: word("status", each), on: each === now })) });
  if (value) await change({ status: value });
}

export async function priority() {
  const now = known(targets()[0])?.priority;
  const value = await pick({ title: t("pick.priority"), items: PRIORITIES.map((each) => ({ value: each, label: word("priority", each), icon: MARKS[each], on: each === now })) });
  if (value) await change({ priority: value });
}

export async function tags() {
  const refs = targets();
  const mine = [...new Set(refs.flatMap((ref) => known(ref)?.tags ?? []))];
  const every = [...new Set([...mine, ...document.querySelectorAll(".badge.tagged")].map((each) => each.textContent ?? each))].sort();
  const create = (text) => ({ value: text.toLowerCase(), label: text.toLowerCase() });
  const chosen = await pick({ title: t("pick.tags"), multiple: true, create, items: every.map((tag) => ({ value: tag, label: tag, on: mine.includes(tag), icon: "tag" })) });
  if (chosen) await change({ tags: chosen });
}

export async function snooze() {
  const at = (days, hour) => {
    const day = new Date();
    day.setDate(day.getDate() + days);
    day.setHours(hour, 0, 0, 0);
    return day;
  };
  const now = new Date();
  const choices = [
    ["hour", new Date(now.getTime() + 3_600_000)],
    ...(now.getHours() < 13 ? [["evening", at(0, 14)]] : []),
    ["tomorrow", at(1, 9)],
    ["monday", at((8 - now.getDay()) % 7 || 7, 9)],
    ["week", at(7, 9)],
  ];
  const items = choices.map(([name, date]) => ({ value: date.toISOString(), label: t(`snooze.${name}`), hint: full(date), icon: "snooze" }));
  if (targets().some((ref) => known(ref)?.snoozed_until)) items.unshift({ value: "wake", label: t("case.wake"), icon: "clock" });
  const value = await pick({ title: t("pick.snooze"), items: [...items, { value: "custom", label: t("snooze.custom"), icon: "clock" }] });
  if (value === "wake") return change({ snoozed_until: null });
  if (value === "custom") return askMoment(t("snooze.title"), t("snooze.at"), at(1, 9), "snoozed_until");
  return value ? change({ snoozed_until: value }) : undefined;
}

const askMoment = (title, label, start, name) =>
  ask({ title, fields: [{ name, label, type: "datetime-local", value: local(start), required: true }], submit: (values) => change({ [name]: utc(values[name]) }) });

export const moveDue = (whole) => askMoment(t("dialog.due_title"), t("case.due"), new Date(whole.due_at ?? Date.now() + 864e5), "due_at");

export function escalate(whole) {
  const levels = [2, 3, 4].filter((level) => level > whole.level);
  const four = ({ level }) => level === "4";
  return ask({
    title: t("dialog.escalate_title", whole), hint: t("dialog.escalate_hint"), save: t("case.escalate"),
    fields: [
      { name: "level", label: t("dialog.escalate_level"), type: "select", options: levels.map((level) => [String(level), t("level", { level })]) },
      { name: "reason", label: t("dialog.escalate_reason"), type: "textarea", required: true },
      { name: "passed_to", label: t("dialog.escalate_passed_to"), value: whole.passed_to ?? "", when: four },
      { name: "passed_on", label: t("dialog.escalate_passed_on"), type: "textarea", value: whole.passed_on ?? "", hint: t("dialog.escalate_consent"), when: four },
    ],
    submit: async ({ level, reason, passed_to: to, passed_on: on }) => {
      const passing = level === "4" ? { ...(to ? { passed_to: to } : {}), ...(on ? { passed_on: on } : {}) } : {};
      emit("case", (await call("PATCH", path(whole.ref), { level: { level: Number(level), reason, ...passing } })).case);
    },
  });
}

export async function merge(whole) {
  const typed = { value: "", label: t("dialog.merge_ref"), icon: "text" };
  const items = whole.others.map((other) => ({ value: other.ref, label: other.subject, hint: other.ref, text: other.ref, icon: other.kind }));
  const into = items.length ? await pick({ title: t("dialog.merge_title", whole), items: [...items, typed] }) : "";
  if (into === undefined) return;
  await ask({
    title: t("dialog.merge_title", whole), hint: t("dialog.merge_hint"), save: t("dialog.merge_done"),
    fields: [{ name: "into", label: t("dialog.merge_ref"), value: into, required: true }],
    submit: async (values) => {
      const { case: left } = await call("POST", path(whole.ref, "/merge"), { into: values.into.trim() });
      emit("open", left.ref);
    },
  });
}

export function custom(whole) {
  const kinds = { number: "number", date: "date", boolean: "checkbox", choice: "select", text: "text" };
  const fields = state.settings.custom_fields.map(({ key, type, label, choices }) => ({
    name: key, label, type: kinds[type], value: whole.custom[key] ?? "", options: [["", t("custom.none")], ...choices.map((each) => [each, each])],
  }));
  const read = (value, type) => (value === "" ? null : type === "number" ? Number(value) : value);
  return ask({
    title: t("custom.title"), fields,
    submit: async (values) => {
      const made = Object.fromEntries(state.settings.custom_fields.map(({ key, type }) => [key, read(values[key], type)]));
      emit("case", (await call("PATCH", path(whole.ref), { custom: made })).case);
    },
  });
}

export async function callback(whole, outcome) {
  const { slots } = await call("GET", "/api/desk/slots");
  return ask({
    title: t("dialog.callback_title"), save: t("dialog.callback_save"),
    fields: [
      { name: "outcome", label: t("dialog.callback_outcome"), type: "radio", value: outcome, options: ["reached", "no_answer", "done"].map((each) => [each, t(`callback.${each}`)]) },
      { name: "slot", label: t("dialog.callback_slot"), type: "select", options: [["", t("dialog.callback_no_slot")], ...slots.map((slot) => [slot.start, slot.display])], when: (values) => values.outcome === "no_answer" },
      { name: "note", label: t("dialog.callback_note"), type: "textarea" },
    ],
    submit: async ({ outcome: result, slot, note }) => {
      const body = { outcome: result, ...(result === "no_answer" && slot ? { slot } : {}), ...(note ? { note } : {}) };
      emit("case", (await call("POST", path(whole.ref, "/callback"), body)).case);
    },
  });
}

