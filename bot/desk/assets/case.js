// One case whole: who, what they asked, the clocks, why the bot passed it on, everything that was said.

import { call, words } from "/staff/assets/api.js";
import { $, copy, toast } from "/staff/assets/ui.js";

import { assign, callback, change, custom, escalate, merge, moveDue, priority, snooze, status, tags } from "./changes.js";
import { avatar, button, dueClock, empty, icon, iconButton, lazily, link, make, prose, time } from "./dom.js";
import { edit, editor, pending } from "./editor.js";
import { draw as drawList, seen } from "./list.js";
import { pick } from "./picker.js";
import { receipt } from "./receipt.js";
import { emit, me, on, path, state } from "./state.js";
import { files, talk } from "./talk.js";
import { full, moment, t, word } from "./text.js";

let live = false; // the server has live conversations
on("live-there", () => (live = true));
const box = $("case");
const head = make("header", { class: "case-head" });
const notices = make("div", { class: "case-notices" });
const scroll = make("div", { class: "case-scroll", tabIndex: 0, role: "region", "aria-label": t("talk.title") });
const aside = make("aside", { class: "case-side", "aria-label": t("case.details") });
const history = make("div", { class: "talk", role: "log", "aria-live": "off" });
const here = make("p", { class: "present", role: "status" });
const newest = button("down", t("case.new_below"), () => toEnd(), { class: "button small newest", hidden: true });
let wanted = null; // the reference that was asked for last
let drawnAt = 0; // version on screen

export function showNothing() {
  wanted = null;
  leave();
  state.case = null;
  box.setAttribute("aria-label", t("case.label"));
  box.replaceChildren(empty("ticket", t("case.none"), t("case.none_hint")));
  drawList();
}

let opening = Promise.resolve();

/** Open a case; resolves when it is shown. */
export function show(ref) {
  if (wanted !== ref) opening = read(ref);
  return opening;
}

async function read(ref) {
  leave();
  wanted = ref;
  state.case = null;
  notices.replaceChildren();
  box.setAttribute("aria-busy", "true");
  box.replaceChildren(make("div", { class: "case-loading", role: "status" }, make("span", { class: "unseen" }, t("case.loading")), ...Array.from({ length: 4 }, () => make("div", { class: "ghost-row" }))));
  try {
    const { case: whole } = await call("GET", path(ref));
    if (wanted !== ref) return;
    drawnAt = 0;
    state.case = whole;
    box.replaceChildren(head, notices, make("div", { class: "case-body" }, scroll, aside), newest, here, editor);
    draw();
    // What is new to everybody is read from the beginning, a talk under way from its end.
    if (whole.timeline.some((entry) => entry.type === "reply")) toEnd();
    else scroll.scrollTop = 0;
    enter();
    seen(ref);
  } catch (failure) {
    if (wanted !== ref) return;
    const missing = failure.status === 404;
    box.replaceChildren(backButton(), empty("late", missing ? t("case.missing") : t("case.failed"), missing ? "" : failure.message,
      missing ? "" : button("retry", t("connection.again"), () => ((wanted = null), show(ref)), { class: "button small" })));
  } finally {
    box.removeAttribute("aria-busy");
  }
  drawList();
}

// signs of life, so that colleagues see who is here
let life = 0;
function enter() {
  const sign = () => document.hidden || call("POST", "/api/desk/presence", { ref: wanted, doing: "looking" }).catch(() => null);
  sign();
  clearInterval(life);
  life = setInterval(sign, 20_000);
}
function leave() {
  clearInterval(life);
  if (wanted && state.case) call("POST", "/api/desk/presence", { ref: wanted, doing: "left" }).catch(() => null);
}

const reread = lazily(async () => {
  const ref = wanted;
  if (!ref || !state.case) return;
  const answer = await call("GET", path(ref)).catch(() => null);
  if (!answer || wanted !== ref || answer.case.version < state.case.version) return;
  emit("case", answer.case);
  if (!document.hidden) seen(ref);
}, 250);

on("stream:case", ({ ref, version }) => ref === wanted && version !== state.case?.version && reread());
on("stream:reset", reread);
on("online", reread);
on("reload", (refs) => refs.includes(wanted) && reread());
on("outbox", () => state.case && drawTalk());
on("case", (whole) => {
  if (whole.ref !== wanted) return;
  const known = state.case;
  state.case = whole.timeline ? whole : { ...known, ...whole };
  draw();
});
document.addEventListener("visibilitychange", () => !document.hidden && state.case && seen(wanted));

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  newest.hidden = true;
}
scroll.addEventListener("scroll", () => atEnd() && (newest.hidden = true), { passive: true });

const backButton = () => iconButton("back", t("case.back"), () => emit("back"), { class: "button ghost icon-only small back" });

function draw() {
  const whole = state.case;
  box.setAttribute("aria-label", `${t("case.label")} ${whole.ref}`);
  keepingFocus(() => {
    drawHead(whole);
    drawSide(whole);
  });
  drawTalk();
  drawPresent();
  edit(whole);
}

/** Redraw, and put the focus on what has the same name as what had it. */
function keepingFocus(work) {
  const at = document.activeElement;
  const name = box.contains(at) ? at.dataset.act : null;
  work();
  if (name) box.querySelector(`[data-act="${name}"]`)?.focus({ preventScroll: true });
}

function drawHead(whole) {
  const done = ["resolved", "closed"].includes(whole.status);
  const asleep = whole.snoozed_until && new Date(whole.snoozed_until) > new Date();
  const act = (name, image, label, work, properties = {}) => button(image, label, work, { data: { act: name }, class: "button small", ...properties });
  head.replaceChildren(
    make("div", { class: "case-title" }, backButton(),
      make("div", { class: "case-names" },
        make("p", { class: "case-ref" }, icon(whole.kind), make("span", {}, `${word("kind", whole.kind)} `), make("code", {}, whole.ref), dueClock(whole)),
        make("h2", {}, whole.subject)),
      whole.owner?.id === me.id || done ? "" : act("take", "user", t("case.take"), () => change({ owner: "me" }, [whole.ref])),
      done ? act("resolve", "retry", t("case.reopen"), () => change({ status: "in_progress" }, [whole.ref]))
        : act("resolve", "check", t("case.resolve"), () => emit("resolve"), { class: "button small primary", "aria-keyshortcuts": "e" }),
      iconButton("more", t("case.more"), () => more(whole), { data: { act: "more" } })),
    make("div", { class: "case-properties", role: "group", "aria-label": t("case.properties") },
      property("status", t("case.status"), status, make("span", { class: "badge", data: { status: whole.status } }, word("status", whole.status))),
      property("owner", t("case.owner"), assign, whole.owner ? avatar(whole.owner.name) : icon("user"), whole.owner?.name ?? t("list.nobody")),
      property("priority", t("case.priority"), priority, icon({ normal: "more" }[whole.priority] ?? whole.priority), word("priority", whole.priority)),
      property("level", t("case.level"), () => escalate(whole), make("span", { class: "badge", data: { level: whole.level } }, t("level_short", whole))),
      property("tags", t("case.tags"), tags, icon("tag"), ...(whole.tags.length ? whole.tags.map((tag) => make("span", { class: "badge tagged" }, tag)) : [t("case.add_tag")])),
      property("snooze", t("case.snooze"), snooze, icon("snooze"), ...(asleep ? [t("case.snoozed", { at: moment(whole.snoozed_until) })] : []))));
}

function property(name, label, work, ...shown) {
  const text = shown.map((each) => each.textContent ?? each).filter(Boolean).join(" ");
  return make("button", { type: "button", class: "property", title: label, "aria-label": text ? `${label}: ${text}` : label, data: { act: name }, onclick: work }, ...shown);
}

async function more(whole) {
  const done = ["resolved", "closed"].includes(whole.status);
  const items = [
    !done && whole.level < 4 && ["escalate", "up", () => escalate(whole)],
    !whole.merged_into && ["merge", "merge", () => merge(whole)],
    whole.due_at && ["change_due", "clock", () => moveDue(whole)],
    state.settings.custom_fields.length && ["fields", "text", () => custom(whole)],
    whole.status !== "closed" && ["close", "close", () => change({ status: "closed" }, [whole.ref])],
    live && whole.conversation && ["conversation", "live", () => emit("open-conversation", whole.conversation)],
    ["copy_link", "link", () => copy(`${location.origin}/desk/cases/${whole.ref}`, t("case.copied"))],
  ].filter(Boolean);
  const name = await pick({ title: t("pick.more"), items: items.map(([value, image]) => ({ value, label: t(`case.${value}`), icon: image })) });
  await items.find(([value]) => value === name)?.[2]();
}

function drawTalk() {
  const whole = state.case;
  const stay = drawnAt > 0 && atEnd();
  const focused = history.contains(document.activeElement) ? document.activeElement.closest("[data-entry]")?.dataset.entry : null;
  const opened = scroll.querySelector(".receipt")?.open;
  history.replaceChildren(...talk(whole), ...pending(whole.ref));
  const why = receipt(whole);
  if (why && opened === false) why.open = false;
  scroll.replaceChildren(...[merged(whole), call_(whole), consent(whole), asked(whole), why, history].filter(Boolean));
  const come = drawnAt > 0 && whole.version > drawnAt;
  if (come && whole.timeline.at(-1)?.actor.id !== me.id) $("news").textContent = t("case.new_below");
  if (stay) toEnd();
  else if (come) newest.hidden = false;
  if (focused) history.querySelector(`[data-entry="${focused}"]`)?.scrollIntoView({ block: "nearest" });
  drawnAt = whole.version;
}

function merged(whole) {
  if (!whole.merged_into) return null;
  return make("div", { class: "notice row between" }, make("span", {}, t("case.merged", { ref: whole.merged_into })), button("merge", t("case.merged_open", { ref: whole.merged_into }), () => emit("open", whole.merged_into), { class: "button small" }));
}

function asked(whole) {
  if (!whole.text && !whole.attachments.length) return null;
  return make("section", { class: "card-box asked" }, make("h3", {}, t("case.asked")), whole.text ? prose(whole.text) : null, files(whole.attachments, whole.ref));
}

function call_(whole) {
  if (whole.kind !== "callback" || ["resolved", "closed"].includes(whole.status)) return null;
  return make("section", { class: "card-box callback" },
    make("div", { class: "row between" }, make("h3", {}, icon("callback"), t("callback.title")), whole.slot ? make("strong", {}, full(whole.slot)) : null),
    whole.slot && new Date(whole.slot_end ?? whole.slot) < new Date() ? make("p", { class: "overdue" }, icon("late"), t("callback.overdue")) : null,
    make("div", { class: "row" },
      whole.phone ? make("a", { class: "button small primary", href: `tel:${whole.phone.replace(/[^+\d]/g, "")}` }, icon("callback"), t("callback.call", whole)) : null,
      ...["reached", "no_answer", "done"].map((outcome) => button(outcome === "no_answer" ? "close" : "check", t(`callback.${outcome}`), () => callback(whole, outcome).catch((failure) => toast(failure.message, { bad: true })), { class: "button small" }))));
}

function consent(whole) {
  if (whole.level !== 4 && !whole.consent) return null;
  const given = whole.consent;
  return make("section", { class: "card-box consent" }, make("h3", {}, icon("sla"), t("consent.title")),
    make("p", {}, given ? t(given.agreed ? "consent.agreed" : "consent.declined", { at: full(given.at), actor: given.actor }) : t("consent.waiting")),
    facts([[t("consent.passed_to"), whole.passed_to], [t("consent.passed_on"), whole.passed_on]]),
    given ? make("details", {}, make("summary", {}, t("consent.statement")), make("blockquote", { class: "prose" }, given.statement)) : null);
}

const facts = (pairs) => {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return known.length ? make("dl", { class: "facts" }, ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])) : null;
};

function drawSide(whole) {
  const clocks = whole.clocks.filter((clock) => clock.state !== "none").map((clock) => [t(`clocks.${clock.event}`),
    clock.state === "met" ? make("span", { class: "due", data: { state: "ok" } }, icon("check"), t("clocks.met", { at: moment(clock.met_at) }))
      : clock.state === "paused" ? make("span", { class: "due", data: { state: "paused" } }, icon("pause"), t("clocks.paused"))
        : dueClock({ due_at: clock.due_at, due: clock.state === "breached" ? "breached" : whole.due === "soon" && clock.due_at === whole.due_at ? "soon" : "ok" })]);
  const fields = state.settings.custom_fields.map(({ key, label, type }) => [label, type === "boolean" && whole.custom[key] !== undefined && whole.custom[key] !== null ? t(whole.custom[key] ? "custom.yes" : "custom.no") : String(whole.custom[key] ?? t("custom.none"))]);
  const section = (title, ...content) => {
    const shown = content.filter(Boolean);
    return shown.length ? make("section", {}, make("h3", {}, title), ...shown) : "";
  };
  aside.replaceChildren(...[
    section(t("customer.title"), facts([
      [t("case.email"), whole.email && link(`mailto:${whole.email}`, whole.email)],
      [t("case.phone"), whole.phone && link(`tel:${whole.phone}`, whole.phone)],
      [t("case.lang"), words.languages[whole.lang] ?? whole.lang],
      [t("case.created"), time(whole.created_at)],
      [t("case.slot"), whole.slot && full(whole.slot)],
      [t("case.contract"), whole.contract],
      [t("case.severity"), whole.severity && t(`case.severity_value.${whole.severity}`)],
      [t("case.system"), whole.system],
      [t("case.topic"), whole.topic],
    ]) ?? t("customer.unknown")),
    section(t("clocks.title"), facts(clocks)),
    section(t("customer.others"), whole.others.length
      ? make("ul", { class: "others" }, ...whole.others.map((other) => make("li", {}, make("a", { href: `/desk/cases/${other.ref}`, data: { open: other.ref } }, other.subject), make("span", { class: "hint" }, `${word("status", other.status)} · `, time(other.created_at)))))
      : make("p", { class: "hint" }, t("customer.no_others"))),
    fields.length ? section(t("custom.title"), facts(fields), button("text", t("custom.edit"), () => custom(whole), { data: { act: "custom" } })) : "",
    section(t("external.title"), whole.external.length && make("ul", { class: "others" }, ...whole.external.map((each) => make("li", {}, each.url ? link(each.url, `${each.system} ${each.id}`) : `${each.system} ${each.id}`, each.state ? make("span", { class: "badge quiet" }, each.state) : "")))),
  ].filter(Boolean));
}

function drawPresent() {
  const people = (state.present.get(`ref:${wanted}`) ?? []).filter((person) => person.id !== me.id);
  const typing = people.filter((person) => person.doing === "typing");
  const shown = typing.length ? typing : people;
  here.hidden = !shown.length;
  here.classList.toggle("typing", typing.length > 0);
  here.replaceChildren(...(shown.length ? [...shown.slice(0, 3).map((person) => avatar(person.name)), t(typing.length ? "presence.typing" : "presence.looking", { count: shown.length, names: shown.map((person) => person.name).join(", ") })] : []));
}
on("present", (target) => target === `ref:${wanted}` && state.case && drawPresent());

on("conflict", async ({ ref, changes }) => {
  const { case: now } = await call("GET", path(ref));
  if (ref !== wanted) return toast(t("case.changed"), { bad: true });
  emit("case", now);
  const name = now.timeline.at(-1)?.actor.name;
  const close = () => notices.replaceChildren();
  const again = button("check", t("case.apply_again"), () => (close(), change(changes, [ref])), { class: "button small" });
  notices.replaceChildren(make("div", { class: "notice warn", role: "alert" }, make("span", {}, name ? t("case.changed_by", { name }) : t("case.changed")),
    make("div", { class: "row" }, again, button("", t("case.leave"), close))));
  if (!document.activeElement?.closest("input, textarea, dialog")) again.focus();
  return undefined;
});

