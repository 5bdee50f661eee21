// What was said and what happened, in one order: conversation with the bot, replies, notes, changes.

import { avatar, button, icon, link, make, prose, time } from "./dom.js";
import { safe } from "./safe.js";
import { path } from "./state.js";
import { bytes, list, moment, said, t, word } from "./text.js";

const BEFORE = 10; // messages of the conversation before the case that are shown at once

/** Nodes of a whole case's history, oldest first. */
export function talk(whole) {
  const replies = new Set(whole.timeline.filter((entry) => entry.type === "reply").map((entry) => entry.text));
  const spoken = whole.transcript
    .filter((event) => event.text || event.buttons?.length)
    .filter((event) => !(event.from === "agent" && replies.has(event.text)))
    .map((event) => ({ at: event.at, node: () => eventNode(event) }));
  const happened = whole.timeline.map((entry) => ({ at: entry.at, node: () => entryNode(entry, whole) }));
  const all = [...spoken, ...happened].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const opened = all.findIndex((item) => item.at >= whole.created_at);
  const hidden = all.slice(0, Math.max(0, opened - BEFORE));
  const shown = all.slice(hidden.length).map((item) => item.node());
  if (!hidden.length) return shown;
  const earlier = button("up", t("talk.earlier", { count: hidden.length }), () => earlier.replaceWith(...hidden.map((item) => item.node())), { class: "button small earlier" });
  return [earlier, ...shown];
}

/** A message of the conversation. `address` says where a file of it is saved from. */
export function eventNode(event, address = null) {
  const who = event.from === "customer" ? t("talk.customer") : event.from === "agent" ? event.agent?.name ?? "" : t("talk.bot");
  const bubble = make("div", { class: "bubble" });
  if (event.text) bubble.append(event.button ? make("p", { class: "pressed" }, t("talk.pressed", { title: event.text })) : prose(event.text));
  if (event.source) bubble.append(make("p", { class: "source" }, icon("book"), make("span", { class: "unseen" }, `${t("talk.source")}: `), link(event.source.url, event.source.title)));
  if (event.buttons?.length) bubble.append(make("p", { class: "offered" }, ...event.buttons.map((each) => make("span", { class: "badge quiet" }, each.title))));
  if (event.attachments?.length) bubble.append(make("p", { class: "files" }, ...event.attachments.map((file) =>
    make(address ? "a" : "span", { class: "badge quiet", ...(address && { href: address(file), download: file.name }) }, icon("attach"), `${file.name} · ${bytes(file.size)}`))));
  return make("article", { class: `said from-${event.from}`, data: event.seq ? { seq: event.seq } : {} },
    make("header", {}, event.from === "bot" || event.from === "system" ? icon("robot") : event.from === "agent" ? avatar(who) : icon("user"), make("strong", {}, who), time(event.at)), bubble);
}

function entryNode(entry, whole) {
  if (!["note", "reply", "customer"].includes(entry.type)) return lineNode(entry);
  const note = entry.type === "note";
  const body = entry.html ? safe(entry.html) : prose(entry.text ?? "");
  return make("article", { class: `said ${note ? "note" : entry.type === "reply" ? "from-agent" : "from-customer"}`, data: { entry: entry.id } },
    make("header", {}, entry.type === "customer" ? icon("user") : avatar(entry.actor.name), make("strong", {}, entry.actor.name),
      note ? make("span", { class: "badge noted" }, icon("note"), t("talk.note")) : null, time(entry.at)),
    make("div", { class: "bubble" }, body, files(entry.attachments, whole.ref)),
    entry.delivery ? make("p", { class: "delivery", data: { state: entry.delivery } }, icon({ failed: "late", sent: "check", pending: "clock" }[entry.delivery]), t(`talk.by_mail.${entry.delivery}`)) : null);
}

/** Files of a case; they are saved, never shown. */
export function files(attached, ref) {
  if (!attached?.length) return "";
  return make("ul", { class: "files" }, ...attached.map((file) => make("li", {},
    make("a", { class: "badge quiet", href: path(ref, `/attachments/${encodeURIComponent(file.id)}`), download: file.name }, icon("attach"), file.name, make("span", { class: "hint" }, bytes(file.size))))));
}

function lineNode(entry) {
  const [name, text] = sentence(entry);
  return make("p", { class: `happened is-${entry.type}`, data: { entry: entry.id } }, icon(name), make("span", {}, text), time(entry.at));
}

function sentence({ type, actor, details }) {
  const by = actor.name;
  const tell = (key, values = {}) => t(`entry.${key}`, { actor: by, ...values });
  switch (type) {
    case "created": return ["plus", tell("created")];
    case "status": return [details.after === "resolved" ? "check" : "clock", tell("status", { before: word("status", details.before), after: word("status", details.after) })];
    case "owner": return ["user", !details.after ? tell("owner_none") : details.after.id === actor.id ? tell("owner_self") : tell("owner", { after: details.after.name })];
    case "priority": return ["urgent", tell("priority", { before: word("priority", details.before), after: word("priority", details.after) })];
    case "level": return ["up", tell("level", details)];
    case "tags": {
      const added = list(details.added ?? []);
      const removed = list(details.removed ?? []);
      return ["tag", added && removed ? tell("tags_both", { added, removed }) : added ? tell("tags_added", { tags: added }) : tell("tags_removed", { tags: removed })];
    }
    case "custom": return ["text", tell("custom", { fields: list(details.fields ?? []) })];
    case "consent": return ["sla", tell(details.agreed === false ? "declined" : "consented")];
    case "deadline": return details.clock ? ["late", t(`entry.deadline_${details.state}.${details.clock}`)] : ["clock", tell("deadline_moved", { at: details.after ? moment(details.after) : "" })];
    case "escalated": return ["up", tell("escalated")];
    case "snoozed": return ["snooze", details.until ? tell("snoozed", { at: moment(details.until) }) : tell("woken")];
    case "merged": return ["merge", details.into ? tell("merged_into", { ref: details.into }) : tell("merged_from", { ref: details.source, subject: details.subject })];
    case "callback": {
      const key = details.outcome === "no_answer" && details.slot ? "no_answer_slot" : details.outcome;
      return ["callback", `${tell(`callback_${key}`, { attempt: details.attempt, at: details.slot ? moment(details.slot) : "" })}${details.note ? ` – ${details.note}` : ""}`];
    }
    case "delivery": return ["late", tell("delivery_failed")];
    case "taught": return ["book", tell("taught", details)];
    case "confirmed": return ["check", tell("confirmed")];
    default: return ["clock", said(`entry.${type}`) ? tell(type) : tell("other", { type })];
  }
}
