// Live conversations above the list: who waits, who one talks to; and who is told of them.

import { call } from "/staff/assets/api.js";
import { $, busy, toast } from "/staff/assets/ui.js";

import { shown } from "./conversation.js";
import { button, icon, lazily, make } from "./dom.js";
import { emit, loadPeople, me, on, state } from "./state.js";
import { pick } from "./picker.js";
import { span, t } from "./text.js";

export { showConversation } from "./conversation.js";

const section = make("section", { class: "live-list", "aria-label": t("views.live"), hidden: true });
const news = make("p", { class: "unseen", role: "status" });
let conversations = [];
let there = true; // the server has live conversations
let known = null; // id → last seq of the customer's, of what waits or is one's own; null before the first answer

const read = async (...states) => {
  const parts = await Promise.all(states.map((each) => call("GET", `/api/desk/conversations?state=${each}`)));
  return [...new Map(parts.flatMap((part) => part.conversations).map((each) => [each.id, each])).values()];
};
const title = (each) => each.question ?? each.last?.text ?? t("talk.customer");
const waitsFor = (each) => t("live.waiting_for", { span: span(Date.now() - new Date(each.since)) });

async function load() {
  if (!there) return;
  try {
    conversations = await read("waiting", "mine");
  } catch (failure) {
    there = failure.status !== 404; // an installation without live conversations
    return;
  }
  tell();
  emit("live-there");
  draw();
}

/** Who is new among the waiting, and which customer of one's own has written where nobody looks. */
function tell() {
  const now = new Map(conversations.map((each) => [each.id, each.last?.from === "customer" ? each.last.seq : 0]));
  for (const each of conversations) {
    if (each.state === "waiting" && !known?.has(each.id)) {
      emit("live-waiting", each.id);
      news.textContent = t("notify.conversation");
    } else if (known && each.state !== "waiting" && now.get(each.id) > (known.get(each.id) ?? 0) && !(shown() === each.id && !document.hidden)) emit("live-wrote", each.id);
  }
  known = now;
}

/** Every conversation under way, the bot's and colleagues' too. */
on("live-all", async () => {
  const every = await read("waiting", "mine", "live", "bot");
  const hint = (each) => (each.state === "waiting" ? waitsFor(each) : each.agent ? t("live.with", each.agent) : t("live.bot"));
  const id = await pick({ title: t("views.live"), items: every.map((each) => ({ value: each.id, label: title(each), hint: hint(each), icon: each.agent ? "live" : each.state === "waiting" ? "clock" : "robot" })) });
  if (id) emit("open-conversation", id);
});

const heading = make("h2", {});
const rows = make("ul", {});
/** Customers are offered nobody who is not online: said where one would wait for them. */
const away = make("div", { class: "live-away", hidden: true }, make("p", { class: "hint" }, t("live.away")), button("live", t("live.go_online"), goOnline, { class: "button small" }));
section.append(heading, away, rows);

function goOnline(event) {
  return busy(event.currentTarget, async () => {
    try {
      emit("me", (await call("PATCH", "/api/staff/me", { presence: "online" })).person);
      await loadPeople();
    } catch (failure) {
      toast(failure.message, { bad: true });
    }
  });
}

function draw() {
  const presence = state.people.find((person) => person.id === me.id)?.presence ?? "online";
  away.hidden = !known || presence === "online";
  section.hidden = !conversations.length && away.hidden;
  const waiting = conversations.filter((each) => each.state === "waiting").length;
  const focused = rows.contains(document.activeElement) ? document.activeElement.dataset.conversation : null;
  heading.replaceChildren(...[icon("live"), t("live.title"), waiting && make("span", { class: "badge alarm" }, t("live.waiting", { count: waiting }))].filter(Boolean));
  rows.replaceChildren(...conversations.map((each) => make("li", {}, row(each))));
  if (focused) rows.querySelector(`[data-conversation="${CSS.escape(focused)}"]`)?.focus();
}

function row(each) {
  const open = shown() === each.id;
  const unread = each.unread && !(open && !document.hidden);
  return make("button", { type: "button", class: unread ? "live-row unread" : "live-row", "aria-current": String(open), data: { conversation: each.id, state: each.state }, onclick: () => emit("open-conversation", each.id) },
    make("span", { class: "row-customer" }, title(each)),
    make("span", { class: "hint" }, icon(each.state === "waiting" ? "clock" : "live"), each.state === "waiting" ? waitsFor(each) : t("live.yours", { span: span(Date.now() - new Date(each.since)) }),
      unread ? make("span", { class: "badge alarm" }, t("live.unread")) : null));
}

export function startLive() {
  $("list-head").after(section, news);
  load();
  setInterval(draw, 15_000);
}

const soon = lazily(load, 150);
for (const name of ["stream:conversation", "stream:reset", "online", "live-changed"]) on(name, soon);
on("live-shown", draw);
on("people", draw);
document.addEventListener("visibilitychange", () => document.hidden || soon());
