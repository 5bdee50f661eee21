// Writing in a live conversation: the draft, its files and messages on their way are kept until the server has them.

import { call } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { button, icon, iconButton, make, prose, uuid } from "./dom.js";
import { emit, keep, kept, keptNames, on, upload } from "./state.js";
import { t } from "./text.js";

const SIGN = 3_000; // ms between two signs that one is typing
const AGAIN = 4_000; // ms until what could not be sent is sent again
let wanted = null; // the conversation that is written in

const path = (id, rest) => `/api/desk/conversations/${encodeURIComponent(id)}${rest}`;

const text = make("textarea", { class: "editor-text", rows: 2, "aria-label": t("live.message"), placeholder: t("live.placeholder"), "aria-keyshortcuts": "Enter" });
const fileList = make("ul", { class: "files" });
const chooser = make("input", { type: "file", multiple: true, hidden: true });
const send = make("button", { type: "button", class: "button primary small", onclick: () => say() }, icon("send"), t("editor.send"));
export const editor = make("section", { class: "editor", "aria-label": t("live.message") }, text, fileList,
  make("div", { class: "row between" }, make("div", { class: "row tools" }, iconButton("attach", t("editor.attach"), () => chooser.click()), chooser, make("span", { class: "hint editor-hint" }, t("live.keys"))), send),
  make("p", { class: "drop-here", "aria-hidden": "true" }, t("editor.drop_here")));
/** What is on its way, below what was said. */
export const unsent = make("div", { class: "talk" });

export function writeIn(id) {
  wanted = id;
  text.value = kept(`live:${id}`, "");
  drawFiles();
  drawUnsent();
}

export const focusText = () => text.focus({ preventScroll: true });

let signed = 0;
text.addEventListener("input", () => {
  keep(`live:${wanted}`, text.value);
  if (!text.value.trim() || Date.now() - signed < SIGN) return;
  signed = Date.now();
  call("POST", path(wanted, "/typing"), {}).catch(() => null);
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.stopPropagation();
    emit("leave-editor");
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!event.repeat) say();
  }
});

// files, which go along with the next message

const attached = () => kept(`live-files:${wanted}`, []);
let uploading = 0;
async function add(chosen) {
  const id = wanted;
  for (const file of chosen) {
    uploading++;
    drawFiles();
    try {
      const done = await upload(path(id, "/attachments"), file);
      keep(`live-files:${id}`, [...kept(`live-files:${id}`, []), done]);
    } catch (failure) {
      toast(`${file.name}: ${failure.message}`, { bad: true });
    }
    uploading--;
    if (wanted === id) drawFiles();
  }
}
function drawFiles() {
  fileList.replaceChildren(...attached().map((file) => make("li", { class: "badge quiet" }, icon("attach"), file.name, iconButton("close", t("editor.remove_file", file), () => {
    const left = attached().filter((each) => each.id !== file.id);
    keep(`live-files:${wanted}`, left.length ? left : null);
    drawFiles();
    text.focus();
  }))), ...(uploading ? [make("li", { class: "badge quiet", role: "status" }, icon("attach"), t("live.uploading"))] : []));
}
chooser.addEventListener("change", () => {
  add([...chooser.files]);
  chooser.value = "";
});
text.addEventListener("paste", (event) => {
  if (!event.clipboardData.files.length) return;
  event.preventDefault();
  add([...event.clipboardData.files]);
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

// sending: in order, each with an id of its own, so that it arrives once however often it is posted

export const outbox = (id) => keptNames(`live-out:${id}:`).map((name) => kept(name)).filter(Boolean).sort((a, b) => a.at - b.at);

function say() {
  const words = text.value.trim();
  const files = attached();
  if (uploading) return toast(t("editor.still_uploading"), { bad: true });
  if (!words && !files.length) return text.focus();
  const message = { client_id: uuid(), text: words, files, at: Date.now() };
  keep(`live-out:${wanted}:${message.client_id}`, message);
  text.value = "";
  keep(`live:${wanted}`, null);
  keep(`live-files:${wanted}`, null);
  drawFiles();
  drawUnsent();
  emit("live-said");
  text.focus();
  return flush(wanted);
}

function discard(id, message) {
  keep(`live-out:${id}:${message.client_id}`, null);
  text.value = [message.text, text.value].filter(Boolean).join("\n");
  keep(`live:${id}`, text.value);
  keep(`live-files:${id}`, message.files.length ? [...message.files, ...attached()] : attached());
  drawFiles();
  drawUnsent();
  text.focus();
}

function drawUnsent() {
  const id = wanted;
  unsent.replaceChildren(...outbox(id).map((message) => make("article", { class: "said from-agent unsent" },
    make("div", { class: "bubble" }, prose(message.text), message.files.length ? make("p", { class: "files" }, ...message.files.map((file) => make("span", { class: "badge quiet" }, icon("attach"), file.name))) : null),
    make("p", { class: "delivery", data: { state: message.failed ? "failed" : "pending" } }, icon(message.failed ? "late" : "clock"), message.failed ?? t("talk.sending"),
      ...(message.failed ? [button("retry", t("talk.retry"), () => flush(id)), button("close", t("live.discard"), () => discard(id, message))] : [])))));
}

/** The journal has these messages. @param {Set<string>} arrived client_ids */
export function settle(id, arrived) {
  for (const message of outbox(id)) if (arrived.has(message.client_id)) keep(`live-out:${id}:${message.client_id}`, null);
  drawUnsent();
}

const sending = new Set();
export async function flush(id) {
  if (sending.has(id)) return;
  sending.add(id);
  try {
    for (let message; (message = outbox(id)[0]); ) {
      const name = `live-out:${id}:${message.client_id}`;
      if (message.failed) keep(name, { ...message, failed: undefined });
      try {
        await call("POST", path(id, "/messages"), { client_id: message.client_id, text: message.text, attachments: message.files.map((file) => file.id) });
        keep(name, null);
        emit("live-sent", id);
      } catch (failure) {
        const passing = failure.status === 0 || failure.status === 429 || failure.status >= 500;
        keep(name, { ...message, failed: passing ? t("talk.waiting") : failure.message });
        emit("live-said");
        if (passing) setTimeout(() => flush(id), AGAIN);
        break;
      }
    }
  } finally {
    sending.delete(id);
    if (wanted === id) drawUnsent();
  }
}
on("online", () => [...new Set(keptNames("live-out:").map((name) => name.split(":")[1]))].forEach(flush));
