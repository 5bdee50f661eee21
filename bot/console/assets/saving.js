// What is written is kept at once in this browser, a moment later on the server; nothing typed is ever lost.

import { api, call, keyOf, make, me, opened, t, words } from "./parts.js";
import { diff } from "./diff.js";
import { icon } from "/desk/assets/dom.js";

const PAUSE = 1_200; // ms after the last key
const RETRY = 8_000;
const clock = new Intl.DateTimeFormat(words.lang, { hour: "2-digit", minute: "2-digit" });
const place = (article, lang) => `guichet:console:${me.id}:${keyOf(article)}:${lang}`;

function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // storage refused or full: the server's copy is the only one
  }
}
function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

/** What this browser holds that the server has not acknowledged: `{"values", "revision"}` or null. */
export const unsent = (article, lang) => kept(place(article, lang));

/**
 * Saves the fields of one language. `values()` → fields as they stand; `saved(article)` hears of the server's answer;
 * `taken(article)` is called where somebody else's text is taken over; `shown` is the element that says how it stands.
 */
export function saver({ article, lang, revision, values, text, saved, taken, shown }) {
  const name = place(article, lang);
  let base = revision;
  let last = JSON.stringify(values());
  let timer = 0;
  let running = null;
  let stopped = false;
  let seen = false; // what was published meanwhile has been seen

  function say(state, detail = "") {
    shown.dataset.state = state;
    const image = { saved: "check", dirty: "pencil", saving: "retry", offline: "late", refused: "late", conflict: "late", clean: "check" }[state];
    shown.replaceChildren(icon(image), make("span", {}, detail || t(`save.${state}`)));
  }

  const dirty = () => JSON.stringify(values()) !== last;

  function touch() {
    if (stopped || !dirty()) return;
    keep(name, { values: values(), revision: base, at: Date.now() });
    if (shown.dataset.state !== "offline") say("dirty");
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE);
  }

  /** Send what is not sent. Resolves with whether all is saved. */
  function flush() {
    clearTimeout(timer);
    running ??= work().finally(() => (running = null));
    return running;
  }

  async function work() {
    while (!stopped && dirty()) {
      const sent = JSON.stringify(values());
      if (shown.dataset.state !== "offline") say("saving");
      try {
        const { article: now } = await call("PUT", api(article), { lang, revision: base, ...(seen ? { rebase: true } : {}), ...JSON.parse(sent) });
        last = sent;
        seen = false;
        base = now.langs[lang]?.draft?.revision ?? null;
        if (!dirty()) {
          keep(name, null);
          say("saved", t("save.saved_at", { at: clock.format(new Date()) }));
        }
        saved(now);
      } catch (failure) {
        if (failure.status === 409) return conflict(sent);
        if (failure.status === 0 || failure.status >= 500 || failure.status === 429) {
          say("offline");
          clearTimeout(timer);
          timer = setTimeout(flush, (failure.retryAfter ?? 0) * 1000 || RETRY);
        } else say("refused", t("save.refused", { message: failure.message }));
        return false;
      }
    }
    return !stopped;
  }

  async function conflict(sent) {
    say("conflict");
    const { article: now } = await call("GET", api(article));
    const theirs = now.langs[lang];
    if (!theirs) {
      say("refused", t("save.gone"));
      return false;
    }
    const mine = JSON.parse(sent);
    if (await choose(theirs, text(mine), text(theirs)) === "mine") {
      base = theirs.draft?.revision ?? null;
      seen = true;
      return work();
    }
    keep(`${name}:mine`, mine);
    keep(name, null);
    stopped = true;
    taken(now);
    return false;
  }

  addEventListener("online", flush);
  addEventListener("beforeunload", (event) => {
    if (!stopped && dirty() && !kept(name)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => document.hidden && flush());
  say("clean");
  return {
    touch, flush, dirty,
    get revision() { return base; },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
    /** What is shown is what this browser kept, based on that revision. */
    adopt: (kept) => {
      base = kept;
      last = "";
    },
  };
}

/** Both texts, and which is to stay: "mine" or "theirs". */
async function choose(theirs, mine, other) {
  let choice = "theirs";
  const take = (value) => () => {
    choice = value;
    dialog.close();
  };
  const who = theirs.draft?.author?.name ?? t("somebody");
  const dialog = make("dialog", { class: "wide", "aria-labelledby": "conflict-title" },
    make("div", { class: "stack" },
      make("h2", { id: "conflict-title" }, t("conflict.title")), make("p", {}, t("conflict.hint", { name: who })),
      make("div", { class: "sides" },
        make("section", {}, make("h3", {}, t("conflict.mine")), make("pre", { class: "side-text", tabIndex: 0 }, mine)),
        make("section", {}, make("h3", {}, t("conflict.theirs", { name: who })), make("pre", { class: "side-text", tabIndex: 0 }, other))),
      make("details", {}, make("summary", {}, t("conflict.diff")), diff(other, mine)),
      make("div", { class: "row end" },
        make("button", { type: "button", class: "button", onclick: () => navigator.clipboard.writeText(mine).catch(() => null) }, icon("file"), t("conflict.copy")),
        make("button", { type: "button", class: "button", onclick: take("theirs") }, t("conflict.take_theirs", { name: who })),
        make("button", { type: "button", class: "button primary", onclick: take("mine") }, t("conflict.keep_mine")))));
  dialog.addEventListener("cancel", (event) => event.preventDefault()); // a choice is needed
  await opened(dialog, () => choice);
  return choice;
}
