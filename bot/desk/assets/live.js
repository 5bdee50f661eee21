// Live conversations: who waits and who is talked to, above the list; one conversation where cases are shown.

import { call } from "/staff/assets/api.js";
import { $, busy, toast } from "/staff/assets/ui.js";

import { button, empty, icon, iconButton, lazily, make, prose, uuid } from "./dom.js";
import { showNothing } from "./case.js";
import { emit, keep, kept, me, on, upload } from "./state.js";
import { pick } from "./picker.js";
import { receipt } from "./receipt.js";
import { eventNode } from "./talk.js";
import { span, t } from "./text.js";

const TYPING = 6_000; // ms that a sign of typing is believed
const box = $("case");
const section = make("section", { class: "live-list", "aria-label": t("views.live"), hidden: true });
let conversations = [];
let there = true; // the server has live conversations
let open = null; // {conversation, events}
let waiting = new Set();

const path = (id, rest = "") => `/api/desk/conversations/${encodeURIComponent(id)}${rest}`;

async function load() {
  if (!there) return;
  try {
    const parts = await Promise.all(["waiting", "mine"].map((each) => call("GET", `/api/desk/conversations?state=${each}`)));
    conversations = parts.flatMap((part) => part.conversations);
  } catch (failure) {
    there = failure.status !== 404; // an installation without live conversations
    return;
  }
  const now = new Set(conversations.filter((each) => each.state === "waiting").map((each) => each.id));
  if ([...now].some((id) => !waiting.has(id))) emit("live-waiting");
  waiting = now;
  emit("live-there");
  draw();
}

/** Every conversation under way, the bot's and colleagues' too. */
on("live-all", async () => {
  const parts = await Promise.all(["waiting", "mine", "live", "bot"].map((each) => call("GET", `/api/desk/conversations?state=${each}`)));
  const every = new Map(parts.flatMap((part) => part.conversations).map((each) => [each.id, each]));
  const hint = (each) => (each.state === "waiting" ? t("live.waiting_for", { span: span(Date.now() - new Date(each.since)) }) : each.agent ? t("live.with", each.agent) : t("live.bot"));
  const items = [...every.values()].map((each) => ({ value: each.id, label: each.question ?? each.last?.text ?? t("talk.customer"), hint: hint(each), icon: each.agent ? "live" : each.state === "waiting" ? "clock" : "robot" }));
  const id = await pick({ title: t("views.live"), items });
  if (id) emit("open-conversation", id);
});

function draw() {
  section.hidden = !conversations.length;
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.conversation : null;
  section.replaceChildren(
    make("h2", {}, icon("live"), t("live.title"), waiting.size ? make("span", { class: "badge alarm", role: "status" }, t("live.waiting", { count: waiting.size })) : null),
    make("ul", {}, ...conversations.map((each) => make("li", {}, make("button", { type: "button", class: each.unread ? "live-row unread" : "live-row", data: { conversation: each.id, state: each.state }, onclick: () => emit("open-conversation", each.id) },
      make("span", { class: "row-customer" }, each.question ?? each.last?.text ?? t("talk.customer")),
      make("span", { class: "hint" }, each.state === "waiting" ? t("live.waiting_for", { span: span(Date.now() - new Date(each.since)) }) : t("live.with", { name: each.agent?.name ?? me.name })))))));
  if (focused) section.querySelector(`[data-conversation="${CSS.escape(focused)}"]`)?.focus();
}

export function startLive() {
  $("list-head").after(section);
  load();
  setInterval(draw, 30_000);
}
const soon = lazily(load, 200);
on("stream:conversation", ({ id }) => {
  soon();
  if (open?.conversation.id === id) reread(id);
});
on("online", () => {
  soon();
  if (open) reread(open.conversation.id);
});

// one conversation

const log = make("div", { class: "talk", role: "log", "aria-live": "polite" });
const scroll = make("div", { class: "case-scroll", tabIndex: 0, role: "region", "aria-label": t("talk.title") }, log);
const head = make("header", { class: "case-head" });
const typing = make("p", { class: "present typing", role: "status", hidden: true });
const text = make("textarea", { class: "editor-text", rows: 2, "aria-label": t("live.message"), placeholder: t("live.message") });
const chooser = make("input", { type: "file", hidden: true });
const send = make("button", { type: "button", class: "button primary small", onclick: () => say() }, icon("send"), t("editor.send"));
const claim = make("button", { type: "button", class: "button primary" }, icon("live"), t("live.claim"));
const editor = make("section", { class: "editor", "aria-label": t("live.message") }, text,
  make("div", { class: "row between" }, make("div", { class: "row tools" }, iconButton("attach", t("editor.attach"), () => chooser.click()), chooser), send));
const foot = make("div", { class: "live-foot" }, claim);

export async function showConversation(id) {
  showNothing();
  open = null;
  box.replaceChildren(make("div", { class: "case-loading", role: "status" }, t("list.loading")));
  try {
    open = await call("GET", path(id));
  } catch (failure) {
    box.replaceChildren(empty("late", failure.status === 404 ? t("case.missing") : failure.message));
    return;
  }
  box.setAttribute("aria-label", t("live.label"));
  box.replaceChildren(head, scroll, typing, editor, foot);
  text.value = kept(`live:${id}`, "");
  drawOpen();
}

async function reread(id) {
  const answer = await call("GET", path(id)).catch(() => null);
  if (!answer || open?.conversation.id !== id) return;
  open = answer;
  drawOpen();
}

function drawOpen() {
  const { conversation, events } = open;
  const mine = conversation.agent?.id === me.id;
  const stay = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80 || !log.children.length;
  head.replaceChildren(make("div", { class: "case-title" },
    iconButton("back", t("live.back"), () => emit("back"), { class: "button ghost icon-only small back" }),
    make("div", { class: "case-names" }, make("p", { class: "case-ref" }, icon("live"), conversation.state === "bot" ? t("live.bot") : conversation.agent ? t("live.with", conversation.agent) : t("live.title")), make("h2", {}, conversation.question ?? t("live.label"))),
    ...(mine ? [button("robot", t("live.release"), (event) => act(event, "release", "live.released"), { class: "button small" }), button("check", t("live.close"), (event) => act(event, "close", "live.closed"), { class: "button small" })] : [])));
  editor.hidden = !mine;
  foot.hidden = mine || conversation.state === "closed";
  const known = new Set(events.map((event) => event.client_id).filter(Boolean));
  const unsent = kept(`live-out:${conversation.id}`, []).filter((message) => !known.has(message.client_id));
  keep(`live-out:${conversation.id}`, unsent.length ? unsent : null);
  log.replaceChildren(...events.filter((event) => event.text || event.attachments?.length).map(eventNode),
    ...unsent.map((message) => make("article", { class: "said from-agent unsent" }, make("div", { class: "bubble" }, prose(message.text)),
      make("p", { class: "delivery", data: { state: message.failed ? "failed" : "pending" } }, icon(message.failed ? "late" : "clock"), message.failed ?? t("talk.sending"), message.failed ? button("retry", t("talk.retry"), () => deliver(conversation.id, message)) : null))));
  const read = conversation.read ?? 0;
  const last = events.filter((event) => event.from === "agent").at(-1);
  if (last && read >= last.seq) log.append(make("p", { class: "delivery" }, icon("check"), t("live.read")));
  const newest = open.receipts?.at(-1);
  const why = newest && receipt({ receipt: newest.receipt ?? newest });
  scroll.replaceChildren(...[why, log].filter(Boolean));
  if (stay) scroll.scrollTop = scroll.scrollHeight;
  const seq = events.at(-1)?.seq;
  if (mine && seq && !document.hidden) call("POST", path(conversation.id, "/read"), { seq }).catch(() => null);
}

claim.addEventListener("click", () => busy(claim, async () => {
  try {
    await call("POST", path(open.conversation.id, "/claim"), {});
    await reread(open.conversation.id);
    text.focus();
  } catch (failure) {
    toast(failure.message, { bad: true });
    await reread(open.conversation.id);
  }
  soon();
}));

const act = (event, name, words) => busy(event.currentTarget, async () => {
  try {
    await call("POST", path(open.conversation.id, `/${name}`), {});
    toast(t(words));
    open = null;
    soon();
    emit("back");
  } catch (failure) {
    toast(failure.message, { bad: true });
  }
});

let signed = 0;
text.addEventListener("input", () => {
  keep(`live:${open.conversation.id}`, text.value);
  if (Date.now() - signed < 3_000) return;
  signed = Date.now();
  call("POST", path(open.conversation.id, "/typing"), {}).catch(() => null);
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  say();
});
chooser.addEventListener("change", async () => {
  const [file] = chooser.files;
  chooser.value = "";
  const { id } = open.conversation;
  try {
    const attached = await upload(path(id, "/attachments"), file);
    say([attached.id], file.name);
  } catch (failure) {
    toast(`${file.name}: ${failure.message}`, { bad: true });
  }
});

function say(attachments = [], otherwise = "") {
  const words = text.value.trim() || otherwise;
  if (!words) return;
  const { id } = open.conversation;
  const message = { client_id: uuid(), text: words, attachments };
  text.value = "";
  keep(`live:${id}`, null);
  keep(`live-out:${id}`, [...kept(`live-out:${id}`, []), message]);
  drawOpen();
  deliver(id, message);
}

async function deliver(id, message) {
  const mark = (failed) => keep(`live-out:${id}`, kept(`live-out:${id}`, []).map((each) => (each.client_id === message.client_id ? { ...each, failed } : each)));
  mark(undefined);
  try {
    const { client_id: client, text: words, attachments } = message;
    await call("POST", path(id, "/messages"), { client_id: client, text: words, attachments });
    keep(`live-out:${id}`, kept(`live-out:${id}`, []).filter((each) => each.client_id !== message.client_id));
  } catch (failure) {
    mark(failure.message);
  }
  await reread(id);
  if (open?.conversation.id === id) drawOpen();
}

let typingUntil = 0;
on("stream:typing", ({ conversation }) => {
  if (open?.conversation.id !== conversation) return;
  typing.textContent = t("live.typing");
  typing.hidden = false;
  clearTimeout(typingUntil);
  typingUntil = setTimeout(() => (typing.hidden = true), TYPING);
});

