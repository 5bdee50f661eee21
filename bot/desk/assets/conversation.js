// One live conversation: looked at, taken, handed back, ended. What is on screen is added to, never built anew, so that a
// screen reader hears it once.

import { call } from "/staff/assets/api.js";
import { $, busy, toast } from "/staff/assets/ui.js";

import { ask } from "./ask.js";
import { showNothing } from "./case.js";
import { avatar, button, empty, icon, iconButton, make, time, uuid } from "./dom.js";
import { editor, flush, focusText, outbox, settle, unsent, writeIn } from "./live_editor.js";
import { singleKeys } from "./own.js";
import { receipt } from "./receipt.js";
import { emit, me, on, state } from "./state.js";
import { eventNode } from "./talk.js";
import { span, t } from "./text.js";

const TYPING = 6_000; // ms that a sign of typing is believed
const OF_CASES = "aeinpstux"; // keys that change the case below the list's cursor
const box = $("case");
let wanted = null; // the conversation that was asked for last
let open = null; // {conversation, events, receipts}
let life = 0;

const path = (id, rest = "") => `/api/desk/conversations/${encodeURIComponent(id)}${rest}`;
const mine = () => open?.conversation.agent?.id === me.id;

const head = make("header", { class: "case-head" });
const why = make("div", {});
const log = make("div", { class: "talk", role: "log", "aria-live": "polite" });
const readMark = make("p", { class: "delivery", hidden: true }, icon("check"), t("live.read"));
const scroll = make("div", { class: "case-scroll", tabIndex: 0, role: "region", "aria-label": t("talk.title") }, why, log, unsent, readMark);
const newest = button("down", t("case.new_below"), () => toEnd(), { class: "button small newest", hidden: true });
const typing = make("p", { class: "present typing", role: "status", hidden: true });
const here = make("p", { class: "present", role: "status", hidden: true });
editor.querySelector(".tools").prepend(iconButton("ticket", t("live.to_case"), toCase));
const claim = make("button", { type: "button", class: "button primary", "aria-keyshortcuts": "i", onclick: take }, icon("live"), t("live.claim"));
const note = make("p", { class: "hint" });
const foot = make("div", { class: "live-foot" }, note, claim);

/** The conversation on screen; null where something else is. */
export const shown = () => (scroll.isConnected ? wanted : null);

export async function showConversation(id) {
  if (shown() !== id) {
    showNothing();
    open = null;
    wanted = id;
    for (const each of [log, unsent, why]) each.replaceChildren();
    delete log.dataset.last;
    delete why.dataset.key;
    log.setAttribute("aria-live", "off");
    for (const each of [typing, here, newest]) each.hidden = true;
    box.replaceChildren(make("div", { class: "case-loading", role: "status" }, t("list.loading")));
  }
  try {
    const answer = await call("GET", path(id));
    if (wanted !== id) return;
    open = answer;
  } catch (failure) {
    if (wanted !== id) return;
    box.replaceChildren(iconButton("back", t("live.back"), () => emit("back"), { class: "button ghost icon-only small back" }),
      empty("late", failure.status === 404 ? t("live.missing") : failure.message, "", failure.status === 404 ? "" : button("retry", t("connection.again"), () => showConversation(id), { class: "button small" })));
    return;
  }
  box.setAttribute("aria-label", t("live.label"));
  box.replaceChildren(head, scroll, newest, typing, here, editor, foot);
  writeIn(id);
  draw();
  toEnd();
  enter(id);
  emit("live-shown");
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500); // from now on what is added is read out
  flush(id);
  if (mine()) focusText();
}

let reading = null;
let stale = false;

/** Read anew what is on screen: one call at a time, and one more where something came meanwhile. */
function reread() {
  stale = Boolean(reading);
  reading ??= readOpen().finally(() => {
    reading = null;
    return stale ? reread() : null;
  });
  return reading;
}

async function readOpen() {
  const id = shown();
  const answer = id && (await call("GET", path(id)).catch(() => null));
  if (!answer || shown() !== id) return;
  open = answer;
  draw();
}

// what is on screen

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  newest.hidden = true;
}
scroll.addEventListener("scroll", () => atEnd() && (newest.hidden = true), { passive: true });

function draw() {
  const { conversation, events } = open;
  const { id } = conversation;
  const stay = atEnd();
  drawHead();
  const last = Number(log.dataset.last ?? 0);
  const fresh = events.filter((event) => event.seq > last);
  log.append(...fresh.filter((event) => event.text || event.attachments?.length).map(nodeOf));
  if (fresh.length) log.dataset.last = fresh.at(-1).seq;
  if (fresh.some((event) => event.from === "customer")) typing.hidden = true;
  const arrived = new Set(events.map((event) => event.client_id).filter(Boolean));
  settle(id, arrived);
  const said = events.filter((event) => event.from === "agent").at(-1);
  readMark.hidden = !said || (conversation.read ?? 0) < said.seq || Boolean(unsent.children.length);
  const reason = open.receipts?.at(-1);
  const key = JSON.stringify(reason ?? null);
  if (why.dataset.key !== key) {
    why.dataset.key = key;
    const card = reason && receipt({ receipt: reason.receipt ?? reason });
    if (card && last) card.open = false;
    why.replaceChildren(...(card ? [card] : []));
  }
  if (stay) toEnd();
  else if (fresh.length && last) newest.hidden = false;
  markRead();
}

function drawHead() {
  const { conversation } = open;
  const { state: stands, agent, question } = conversation;
  const own = mine();
  const words = { waiting: () => t("live.waiting_for", { span: span(Date.now() - new Date(conversation.since)) }), bot: () => t("live.bot"), closed: () => t("live.over") }[stands]?.() ?? (own ? t("live.yours", { span: span(Date.now() - new Date(conversation.since)) }) : t("live.with", agent ?? { name: "" }));
  const key = JSON.stringify([stands, agent?.id, question, words, conversation.lang]);
  if (head.dataset.key === key) return;
  const focused = head.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  head.dataset.key = key;
  head.replaceChildren(make("div", { class: "case-title" },
    iconButton("back", t("live.back"), () => emit("back"), { class: "button ghost icon-only small back" }),
    make("div", { class: "case-names" }, make("p", { class: "case-ref" }, icon(stands === "waiting" ? "clock" : stands === "bot" ? "robot" : "live"), words, conversation.lang ? make("span", { class: "badge quiet" }, conversation.lang) : null), make("h2", {}, question ?? t("live.label"))),
    ...(own ? [button("robot", t("live.release"), release, { class: "button small", data: { act: "release" } }), button("check", t("live.close"), close, { class: "button small", data: { act: "close" } })] : [])));
  if (focused) (head.querySelector(`[data-act="${focused}"]`) ?? box).focus();
  if (editor.hidden === own && !own && editor.contains(document.activeElement)) box.focus();
  editor.hidden = !own;
  foot.hidden = own;
  claim.hidden = !["waiting", "bot"].includes(stands);
  note.textContent = { waiting: t("live.claim_hint"), bot: t("live.takeover_hint"), closed: t("live.over") }[stands] ?? t("live.theirs", agent ?? { name: "" });
}

/** A line for what happened, a bubble for what was said; files are saved, never shown. */
function nodeOf(event) {
  if (event.from === "system" && event.live) return make("p", { class: "happened", data: { seq: event.seq } }, icon("live"), make("span", {}, event.text), time(event.at));
  return eventNode(event, (file) => path(wanted, `/attachments/${encodeURIComponent(file.id)}`));
}

setInterval(() => shown() && open && drawHead(), 15_000);

on("stream:conversation", ({ id }) => shown() === id && open && reread());
on("stream:reset", () => shown() && open && reread());
on("stream:typing", ({ conversation }) => {
  if (shown() !== conversation) return;
  typing.textContent = t("live.typing");
  typing.hidden = false;
  clearTimeout(typing.timer);
  typing.timer = setTimeout(() => (typing.hidden = true), TYPING);
});
on("online", () => shown() && open && reread());
on("live-sent", (id) => shown() === id && open && reread());
on("live-said", () => {
  readMark.hidden = true;
  toEnd();
});
document.addEventListener("visibilitychange", () => !document.hidden && shown() && open && markRead());

let told = "";
function markRead() {
  const seq = open.events.at(-1)?.seq;
  const key = `${wanted}:${seq}`;
  if (!mine() || !seq || document.hidden || told === key) return;
  told = key;
  call("POST", path(wanted, "/read"), { seq }).then(() => emit("live-changed"), () => (told = ""));
}

// who else is here

function enter(id) {
  clearInterval(life);
  const sign = () => {
    if (shown() !== id) {
      clearInterval(life);
      call("POST", "/api/desk/presence", { conversation: id, doing: "left" }).catch(() => null);
    } else if (!document.hidden) call("POST", "/api/desk/presence", { conversation: id, doing: "looking" }).catch(() => null);
  };
  sign();
  life = setInterval(sign, 20_000);
}
on("present", (target) => {
  if (!shown() || target !== `conversation:${wanted}`) return;
  const people = (state.present.get(target) ?? []).filter((person) => person.id !== me.id);
  here.hidden = !people.length;
  here.replaceChildren(...people.slice(0, 3).map((person) => avatar(person.name)), people.length ? t("live.looking", { count: people.length, names: people.map((person) => person.name).join(", ") }) : "");
});

// taking, handing back, ending

function take() {
  const id = wanted;
  return busy(claim, async () => {
    try {
      await call("POST", path(id, "/claim"), {});
    } catch (failure) {
      toast(failure.message, { bad: true });
    }
    await reread();
    emit("live-changed");
    if (shown() === id && mine()) focusText();
  });
}

const release = (event) => busy(event.currentTarget, () => end("release", "live.released").catch((failure) => toast(failure.message, { bad: true })));
const close = () => ask({ title: t("live.close_title"), hint: t("live.close_hint"), fields: [], save: t("live.close"), submit: () => end("close", "live.closed") });

/** What cannot be settled now goes on as a ticket, which carries the conversation. */
async function toCase() {
  const { id, question } = open.conversation;
  const client = uuid();
  const ref = await ask({
    title: t("live.to_case"), hint: t("live.to_case_hint"), save: t("live.to_case_save"),
    fields: [
      { name: "subject", label: t("live.subject"), value: (question ?? "").slice(0, 80), required: true },
      { name: "text", label: t("live.text"), type: "textarea", value: question ?? "", required: true },
      { name: "email", label: t("live.email"), type: "email", hint: t("live.email_hint") },
    ],
    submit: async ({ email, ...values }) => (await call("POST", path(id, "/case"), { client_id: client, kind: "ticket", ...values, ...(email && { email }) })).case.ref,
  });
  if (ref) toast(t("live.to_case_done", { ref }));
}

async function end(name, words) {
  const id = wanted;
  if (outbox(id).length) throw new Error(t("live.still_sending"));
  await call("POST", path(id, `/${name}`), {});
  toast(t(words));
  emit("live-changed");
  if (shown() === id) {
    wanted = null;
    emit("back");
  }
}

// the keys of a case must not act on the list's while a conversation is looked at

box.addEventListener("keydown", (event) => {
  if (!shown() || !open || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select") || !singleKeys()) return;
  if (event.key === "r" && mine()) focusText();
  else if (event.key === "i" && !claim.hidden && !foot.hidden) take();
  else if (!OF_CASES.includes(event.key) && event.key !== "r") return;
  event.preventDefault();
});
