// Replies and notes: the draft is kept until it is sent, what is sent is sent once, and what fails can be sent again.

import { call } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { manage, useCanned } from "./canned.js";
import { button, icon, iconButton, make, prose, uuid } from "./dom.js";
import { pick } from "./picker.js";
import { emit, keep, kept, keptNames, me, on, path, state, upload } from "./state.js";
import { t } from "./text.js";

const SIGN = 8_000; // ms between two signs that somebody types

const text = make("textarea", { class: "editor-text", rows: 2, "aria-keyshortcuts": "Control+Enter" });
const fileList = make("ul", { class: "files" });
const chooser = make("input", { type: "file", multiple: true, hidden: true });
const sendButton = make("button", { type: "button", class: "button primary small" });
const resolveButton = make("button", { type: "button", class: "button small send-resolve" }, t("editor.send_resolve"));
const moreButton = iconButton("more", t("editor.send_more"), sendOtherwise);
const hint = make("p", { class: "hint editor-hint" });
const tabs = ["reply", "note"].map((mode) => button(mode, t(`editor.${mode}`), () => (setMode(mode), text.focus()), { class: "button small ghost", data: { mode } }));
const mentionButton = iconButton("at", t("editor.mention"), () => mention());
const cannedButton = iconButton("text", t("editor.canned"), () => canned());
export const editor = make("section", { class: "editor", "aria-label": t("editor.label"), hidden: true },
  make("div", { class: "row between" }, make("div", { class: "row", role: "group", "aria-label": t("editor.label") }, ...tabs), hint),
  text, fileList,
  make("div", { class: "row between" },
    make("div", { class: "row tools" }, cannedButton, mentionButton, iconButton("attach", t("editor.attach"), () => chooser.click()), iconButton("gear", t("canned.manage"), manage), chooser),
    make("div", { class: "row end" }, moreButton, resolveButton, sendButton)),
  make("p", { class: "drop-here", "aria-hidden": "true" }, t("editor.drop_here")));

let whole = null;
let draft = blank();
let typed = 0;

function blank() {
  return { mode: "reply", reply: "", note: "", files: [], mentions: [] };
}

/** Show the editor for a case; the draft of each case is its own. */
export function edit(shown) {
  const other = whole?.ref !== shown.ref;
  whole = shown;
  editor.hidden = Boolean(shown.merged_into);
  if (!other) return;
  draft = { ...blank(), ...kept(`draft:${shown.ref}`) };
  setMode(draft.mode);
  drawFiles();
}

export function setMode(mode) {
  draft.mode = mode;
  const note = mode === "note";
  editor.classList.toggle("noting", note);
  tabs.forEach((tab) => tab.setAttribute("aria-pressed", String(tab.dataset.mode === mode)));
  text.value = draft[mode];
  text.placeholder = t(`editor.${mode}_placeholder`);
  text.setAttribute("aria-label", note ? t("editor.note") : t("editor.reply_to", { customer: whole?.customer ?? t("talk.customer") }));
  hint.textContent = note ? t("talk.private") : whole?.email ? t("editor.keys") : t("editor.no_address");
  sendButton.replaceChildren(icon(note ? "note" : "send"), t(note ? "editor.add_note" : "editor.send"));
  resolveButton.hidden = moreButton.hidden = note;
  cannedButton.hidden = note;
  mentionButton.hidden = !note;
  grow();
}

export function focusEditor(mode) {
  if (!whole || editor.hidden) return;
  setMode(mode);
  text.focus();
}

function keepDraft() {
  const files = draft.files.filter((file) => file.id); // what is still on its way would never arrive in another page
  const empty = !draft.reply && !draft.note && !files.length;
  keep(`draft:${whole.ref}`, empty ? null : { ...draft, files });
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight + 2, 260)}px`;
}

text.addEventListener("input", (event) => {
  draft[draft.mode] = text.value;
  keepDraft();
  grow();
  if (Date.now() - typed > SIGN) {
    typed = Date.now();
    call("POST", "/api/desk/presence", { ref: whole.ref, doing: "typing" }).catch(() => null);
  }
  if (event.inputType !== "insertText") return;
  if (event.data === "/" && draft.mode === "reply" && text.value === "/") canned(true);
  if (event.data === "@" && draft.mode === "note") mention(true);
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape") {
    event.stopPropagation();
    emit("leave-editor");
  }
});

/** Put words where the caret was, in place of the character that asked for them (`called`). */
function insert(words, [from, to], called) {
  text.setRangeText(words, Math.max(0, from - (called ? 1 : 0)), to, "end");
  draft[draft.mode] = text.value;
  keepDraft();
  grow();
  text.focus();
}

const caret = () => [text.selectionStart, text.selectionEnd];

async function mention(called = false) {
  const at = caret();
  const items = state.people.filter((person) => person.id !== me.id).map((person) => ({ value: person, label: person.name, icon: "user" }));
  const person = await pick({ title: t("pick.mention"), items });
  if (!person) return;
  draft.mentions.push({ id: person.id, name: person.name });
  insert(`@${person.name} `, at, called);
}

async function canned(called = false) {
  const at = caret();
  const used = await useCanned(whole);
  if (used) insert(used, at, called);
}

// files

async function add(chosen) {
  const ref = whole.ref;
  for (const file of chosen) {
    const waiting = { id: null, name: file.name || "image.png" };
    if (whole.ref === ref) draft.files.push(waiting);
    drawFiles();
    try {
      arrived(ref, waiting, await upload(path(ref, "/attachments"), file));
    } catch (failure) {
      draft.files = draft.files.filter((each) => each !== waiting);
      toast(`${waiting.name}: ${failure.message}`, { bad: true });
    }
    drawFiles();
  }
}

/** A file belongs to the case that it was chosen for, whatever is open by now. */
function arrived(ref, waiting, file) {
  if (whole.ref === ref) {
    draft.files = [...draft.files.filter((each) => each !== waiting), file];
    keepDraft();
  } else {
    const other = { ...blank(), ...kept(`draft:${ref}`) };
    keep(`draft:${ref}`, { ...other, files: [...other.files, file] });
  }
}

function drawFiles() {
  fileList.replaceChildren(...draft.files.map((file) => make("li", { class: "badge quiet" }, icon("attach"), file.id ? file.name : t("editor.uploading", file),
    file.id ? iconButton("close", t("editor.remove_file", file), () => {
      draft.files = draft.files.filter((each) => each !== file);
      drawFiles();
      keepDraft();
      text.focus();
    }) : null)));
}

chooser.addEventListener("change", () => {
  add([...chooser.files]);
  chooser.value = "";
});
text.addEventListener("paste", (event) => {
  const pasted = [...event.clipboardData.files];
  if (!pasted.length) return;
  event.preventDefault();
  add(pasted);
});
for (const name of ["dragenter", "dragover"]) editor.addEventListener(name, (event) => {
  if (![...event.dataTransfer.types].includes("Files")) return;
  event.preventDefault();
  editor.classList.add("dropping");
});
editor.addEventListener("dragleave", (event) => editor.contains(event.relatedTarget) || editor.classList.remove("dropping"));
editor.addEventListener("drop", (event) => {
  event.preventDefault();
  editor.classList.remove("dropping");
  add([...event.dataTransfer.files]);
});

// sending: every message has an id of its own from the start, so that it arrives once however often it is posted

sendButton.addEventListener("click", () => send());
resolveButton.addEventListener("click", () => send("resolved"));

async function sendOtherwise() {
  const ways = [["waiting_customer", "send_wait", "clock"], ["resolved", "send_resolve", "check"]];
  const status = await pick({ title: t("editor.send_more"), items: ways.map(([value, key, image]) => ({ value, label: t(`editor.${key}`), icon: image })) });
  if (status) send(status);
}

function send(status = null) {
  const { mode } = draft;
  const words = draft[mode].trim();
  if (!words) return toast(t("editor.empty"), { bad: true });
  if (draft.files.some((file) => !file.id)) return toast(t("editor.still_uploading"), { bad: true });
  const message = {
    client_id: uuid(), ref: whole.ref, mode, text: words, status, files: draft.files, at: new Date().toISOString(),
    mentions: draft.mentions.filter(({ name }) => words.includes(`@${name}`)).map(({ id }) => id),
  };
  keep(`out:${message.client_id}`, message);
  draft = { ...draft, [mode]: "", files: [], mentions: [] };
  keepDraft();
  setMode(mode);
  drawFiles();
  text.focus();
  emit("outbox");
  return deliver(message);
}

const underway = new Map(); // client_id → "sending", or why it failed

async function deliver(message) {
  if (underway.get(message.client_id) === "sending") return;
  underway.set(message.client_id, "sending");
  emit("outbox");
  const note = message.mode === "note";
  const attachments = message.files.map(({ id }) => id);
  const body = { client_id: message.client_id, text: message.text, attachments, ...(note ? { mentions: message.mentions } : message.status ? { status: message.status } : {}) };
  try {
    const answer = await call("POST", path(message.ref, note ? "/notes" : "/replies"), body);
    keep(`out:${message.client_id}`, null);
    underway.delete(message.client_id);
    if (state.case?.ref === message.ref) emit("case", answer.case);
    if (message.status === "resolved") emit("resolved", message.ref);
  } catch (failure) {
    const passing = failure.status === 0 || failure.status >= 500;
    underway.set(message.client_id, passing ? t("talk.waiting") : failure.message);
    if (passing) setTimeout(() => underway.get(message.client_id) === t("talk.waiting") && deliver(message), 5_000);
  }
  emit("outbox");
}

const outbox = () => keptNames("out:").map((name) => kept(name)).filter(Boolean).sort((a, b) => (a.at < b.at ? -1 : 1));
on("online", () => outbox().forEach((message) => deliver(message)));

/** What has not arrived yet, for the end of the case's history. */
export function pending(ref) {
  return outbox().filter((message) => message.ref === ref).map((message) => {
    const why = underway.get(message.client_id);
    const failed = why && why !== "sending";
    return make("article", { class: `said unsent ${message.mode === "note" ? "note" : "from-agent"}`, "aria-busy": String(!failed) },
      make("div", { class: "bubble" }, prose(message.text)),
      make("p", { class: "delivery", data: { state: failed ? "failed" : "pending" }, role: failed ? "alert" : "status" }, icon(failed ? "late" : "clock"), failed ? `${t("talk.failed")} ${why}` : t("talk.sending"),
        failed ? button("retry", t("talk.retry"), () => deliver(message)) : null,
        failed ? button("", t("talk.edit"), () => takeBack(message)) : null));
  });
}

function takeBack(message) {
  keep(`out:${message.client_id}`, null);
  underway.delete(message.client_id);
  draft[message.mode] = [message.text, draft[message.mode]].filter(Boolean).join("\n\n");
  draft.files = [...message.files, ...draft.files];
  keepDraft();
  focusEditor(message.mode);
  drawFiles();
  emit("outbox");
}
