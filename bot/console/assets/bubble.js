// An answer as the widget shows it: the widget's own renderer and its own styles, shut off from ours.

import { paint } from "/widget/colour.js";
import { h, icon } from "/widget/dom.js";
import { markdown } from "/widget/markdown.js";

import { t, words } from "./parts.js";

const rgb = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
function contrast(a, b) {
  const [light, dark] = [a, b].map((colour) => {
    const [r, g, blue] = colour.map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  }).sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

/** An element that shows what the bot says; `show` replaces what it says. */
export function bubble() {
  const host = document.createElement("div");
  host.className = "bubble-host";
  const shadow = host.attachShadow({ mode: "open" });
  const root = h("div");
  const log = h("div", { class: "log" });
  const box = h("div", { class: "panel" }, log);
  root.append(box);
  shadow.append(h("link", { rel: "stylesheet", href: "/widget/panel.css" }), root);
  // The widget's window floats over a page; here it is a part of one.
  Object.assign(box.style, { position: "static", width: "100%", height: "auto", boxShadow: "none", borderRadius: "0", animation: "none", background: "transparent" });
  const accent = rgb(words.colours.accent);
  const ink = rgb(words.colours.accent_text);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = () => paint({ accent, ink, contrast, root }, dark.matches ? "dark" : "light");
  root.style.setProperty("--accent", words.colours.accent);
  root.style.setProperty("--ink", words.colours.accent_text);
  dark.addEventListener("change", colour);
  colour();

  /** `messages`: `{"text", "lang", "source"?: {"title", "heading"}, "choices"?: [title], "asked"?: true where the customer says it}` */
  function show(...messages) {
    log.replaceChildren(...messages.map(({ text, lang, source, choices = [], asked = false }) =>
      h("div", { class: `entry from-${asked ? "customer" : "bot"}` },
        h("div", { class: "bubble", dir: "auto", lang }, asked ? h("p", { class: "plain" }, text) : markdown(text, location.origin)),
        source && h("div", { class: "source" }, h("span", { class: "source-icon" }, icon("faq")), h("span", { class: "source-text" },
          h("span", { class: "source-label" }, t("bubble.source")), h("span", { class: "source-title" }, source.title), source.heading && source.heading !== source.title && h("span", { class: "source-heading" }, source.heading))),
        choices.length > 0 && h("div", { class: "choices" }, choices.map((title) => h("span", { class: "choice" }, h("span", null, title)))))));
  }
  return { host, show };
}
