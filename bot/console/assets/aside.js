// What stands beside the text: preview, trial, another language, comments, history. One at a time.

import { commentsOf } from "./comments.js";
import { compared } from "./asking.js";
import { bubble } from "./bubble.js";
import { historyOf } from "./history.js";
import { act, call, empty, has, icon, langName, make, select, t } from "./parts.js";

const IMAGES = { write: "pencil", preview: "eye", try: "play", compare: "globe", comments: "live", history: "clock" };
let chosen = "preview"; // stays from language to language

/** `{"show"(tab), "changed"(), "update"(article)}` for the element `box`. */
export function aside({ article: given, lang, values, box, page, reload, update, flush, area }) {
  let article = given;
  const others = () => Object.keys(article.langs).filter((each) => each !== lang);
  const names = ["write", "preview", ...(has("try") ? ["try"] : []), ...(others().length ? ["compare"] : []), ...(has("comments") ? ["comments"] : []), ...(has("revisions") ? ["history"] : [])];
  const bar = make("div", { class: "side-tabs", role: "tablist", "aria-label": t("side.label") });
  const body = make("div", { class: "side-body-panel", role: "tabpanel", id: "side-panel", tabIndex: -1 });
  const buttons = new Map(names.map((name) => [name, make("button", { type: "button", role: "tab", class: "side-tab", id: `tab-${name}`, "aria-controls": "side-panel", onclick: () => show(name) }, icon(IMAGES[name]), make("span", {}, t(`side.${name}`)), make("span", { class: "count" }))]));
  bar.append(...buttons.values());
  box.replaceChildren(body);
  page.querySelector(".side-tabs")?.remove();
  box.before(bar);

  const preview = bubble();
  const comments = commentsOf(article, lang, async () => {
    const { article: now } = await call("GET", `/api/console/articles/${encodeURIComponent(`${article.kind}:${article.id}`)}`);
    update(now);
  });
  comments.draw(article.comments ?? []);
  const draws = { preview: drawPreview, try: drawTry, compare: drawCompare, comments: () => body.replaceChildren(comments.node), history: drawHistory };
  const asked = () => values().questions ?? article.langs[lang].questions;
  let trial = null;

  function mark(name) {
    for (const [each, tab] of buttons) {
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
    }
    body.setAttribute("aria-labelledby", `tab-${name}`);
    page.dataset.pane = name === "write" ? "write" : "side";
  }

  function show(name) {
    if (!buttons.has(name)) return;
    mark(name);
    if (name === "write") return area.focus();
    chosen = name;
    draws[name]();
    body.querySelector("#try-text, #comment")?.focus();
  }

  bar.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const shown = [...buttons].filter(([, tab]) => tab.offsetParent);
    const at = shown.findIndex(([, tab]) => tab === document.activeElement);
    const next = shown[(at + by + shown.length) % shown.length];
    show(next[0]);
    next[1].focus();
  });

  function drawPreview() {
    const { title, text = article.langs[lang].text } = values();
    if (!text.trim()) return body.replaceChildren(empty("eye", t("preview.empty"), t("preview.empty_hint")));
    preview.show({ text, lang, source: article.kind === "topic" ? null : { title } });
    if (preview.host.parentElement !== body) body.replaceChildren(make("p", { class: "hint" }, t("preview.hint")), preview.host);
  }

  function drawTry() {
    trial ??= trialBox();
    body.replaceChildren(trial);
  }

  function trialBox() {
    const input = make("input", { type: "text", id: "try-text", "aria-label": t("try.question"), placeholder: asked()[0] ?? t("try.question"), autocomplete: "off" });
    const result = make("div", { class: "try-result", "aria-live": "polite" });
    const ask = act("play", t("try.ask"), async () => {
      const text = input.value.trim() || input.placeholder;
      if (!input.value.trim() && !asked()[0]) return input.focus();
      input.value = text;
      await flush(); // the trial is of what is written
      const { results } = await call("POST", "/api/console/try", { text, lang, draft: true });
      result.replaceChildren(compared(results[0], article.id));
    }, { class: "button primary" });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      ask.click();
    });
    return make("div", { class: "stack" }, make("p", { class: "hint" }, t("try.hint")), make("div", { class: "with-button" }, input, ask), result);
  }

  function drawCompare() {
    const choice = select(others().map((each) => [each, langName(each)]), others()[0], { "aria-label": t("list.lang") });
    const shown = make("div", { class: "stack other-lang" });
    const draw = () => {
      const other = article.langs[choice.value];
      const { host, show: say } = bubble();
      say({ text: other.text || "–", lang: choice.value });
      shown.replaceChildren(make("h3", { lang: choice.value }, other.title), other.updated ? make("p", { class: "hint" }, t("editor.updated", { at: other.updated })) : "", host,
        make("h3", {}, t("questions.title")), make("ul", { lang: choice.value }, ...other.questions.map((each) => make("li", {}, each))));
    };
    choice.addEventListener("change", draw);
    draw();
    body.replaceChildren(choice, shown);
  }

  function drawHistory() {
    body.replaceChildren(historyOf(article, lang, { restored: reload }).node);
  }

  function count() {
    const open = (article.comments ?? []).filter(({ resolved }) => !resolved).length;
    const tab = buttons.get("comments");
    if (tab) tab.lastElementChild.textContent = open || "";
  }

  count();
  mark(buttons.has(chosen) ? chosen : "preview");
  page.dataset.pane = "write";
  draws[buttons.has(chosen) ? chosen : "preview"]();
  return {
    show,
    changed: () => chosen === "preview" && drawPreview(),
    update: (now) => {
      article = now;
      comments.draw(now.comments ?? []);
      count();
    },
  };
}
