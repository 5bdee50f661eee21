// HTML of mails and articles, built anew from the few elements that carry text: nothing else of it reaches the page.

import { link, make } from "./dom.js";

const KEPT = new Set("p br b strong i em u s ul ol li blockquote pre code h1 h2 h3 h4 h5 h6 table thead tbody tr th td hr div span".split(" "));
const DROPPED = new Set("script style template iframe object embed svg math form input button textarea select noscript title head".split(" "));
const DEEPEST = 60;

/** The content of an element as new nodes. */
function children(from, depth) {
  const made = [];
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) made.push(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE || depth > DEEPEST) continue;
    const name = node.localName;
    if (DROPPED.has(name)) continue;
    const inner = children(node, depth + 1);
    if (name === "a" && node.getAttribute("href")) {
      const anchor = link(node.getAttribute("href"), "");
      anchor.append(...inner);
      made.push(anchor);
    } else if (name === "img") made.push(node.getAttribute("alt") ?? "");
    else if (/^h[1-6]$/.test(name)) made.push(make("p", { class: "heading" }, ...inner)); // no headings of others among ours
    else if (KEPT.has(name)) made.push(make(name, {}, ...inner));
    else made.push(...inner);
  }
  return made;
}

/** @param {string} html @param {string} [selector] the part of the document that is wanted */
export function safe(html, selector = "body") {
  const part = new DOMParser().parseFromString(html, "text/html").querySelector(selector);
  return make("div", { class: "prose html" }, ...(part ? children(part, 0) : []));
}
