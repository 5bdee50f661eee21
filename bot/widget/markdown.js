/* A subset of Markdown as DOM: paragraphs, headings, lists, quotes, code, bold, italics, links. Everything else,
   HTML included, is shown as the text it is. */
import { h } from './dom.js';

const BULLET = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const INLINE = /`([^`]+)`|\*\*(?=\S)([\s\S]*?\S)\*\*|__(?=\S)([\s\S]*?\S)__(?!\w)|\*(?=[^\s*])([^*]*?[^\s*])\*|(?<![\w_])_(?=[^\s_])([^_]*?[^\s_])_(?!\w)|!?\[([^\]]*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)|<?\b(https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]»"'’])>?|\\([\\`*_{}[\]()#+\-.!>])/g;

/** @param {string} text @param {string} base what relative links are relative to @returns {DocumentFragment} */
export function markdown(text, base) {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(lines, base));
  return fragment;
}

function blocks(lines, base) {
  const made = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at];
    const fence = /^\s*(```+|~~~+)/.exec(line);
    const heading = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (!line.trim()) {
      at++;
    } else if (fence) {
      const from = ++at;
      while (at < lines.length && !lines[at].trim().startsWith(fence[1])) at++;
      made.push(h('pre', { tabindex: '0' }, h('code', null, lines.slice(from, at++).join('\n'))));
    } else if (heading) {
      made.push(h('p', { class: 'heading' }, inline(heading[1], base)));
      at++;
    } else if (/^\s{0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) {
      made.push(h('hr'));
      at++;
    } else if (/^\s{0,3}>/.test(line)) {
      const from = at;
      while (at < lines.length && /^\s{0,3}>/.test(lines[at])) at++;
      made.push(h('blockquote', null, blocks(lines.slice(from, at).map((one) => one.replace(/^\s{0,3}>\s?/, '')), base)));
    } else if (BULLET.test(line)) {
      let list;
      [list, at] = listFrom(lines, at, base);
      made.push(list);
    } else {
      const from = at++;
      while (at < lines.length && lines[at].trim() && !/^\s{0,3}(#{1,6}\s|>|```|~~~)/.test(lines[at]) && !BULLET.test(lines[at])) at++;
      made.push(h('p', null, inline(lines.slice(from, at).map((one) => one.trim()).join('\n'), base)));
    }
  }
  return made;
}

/** @returns {[HTMLElement, number]} the list that begins at a line, and the line after it */
function listFrom(lines, at, base) {
  const [, indent, marker] = BULLET.exec(lines[at]);
  const ordered = /\d/.test(marker);
  const list = h(ordered ? 'ol' : 'ul', ordered && parseInt(marker, 10) !== 1 ? { start: parseInt(marker, 10) } : null);
  while (at < lines.length) {
    const found = BULLET.exec(lines[at]);
    if (!found || found[1].length < indent.length || /\d/.test(found[2]) !== ordered) break;
    const body = [found[3]];
    const inner = found[1].length + found[2].length + 1;
    for (at++; at < lines.length; at++) {
      const line = lines[at], depth = line.search(/\S/);
      const next = lines[at + 1];
      if (depth < 0 ? !(next && next.search(/\S/) > indent.length) && !(next && BULLET.test(next)) : depth <= indent.length && (BULLET.test(line) || !lines[at - 1].trim())) break;
      body.push(line.slice(Math.min(inner, Math.max(depth, 0))));
    }
    const parts = blocks(body, base);
    // A single paragraph needs no box of its own.
    if (parts[0] && parts[0].tagName === 'P' && !parts[0].className) parts.splice(0, 1, ...parts[0].childNodes);
    list.append(h('li', null, parts));
  }
  return [list, at];
}

/** @returns {(Node|string)[]} */
function inline(text, base) {
  const made = [];
  let last = 0;
  for (const match of text.matchAll(INLINE)) {
    made.push(...broken(text.slice(last, match.index)));
    last = match.index + match[0].length;
    const [whole, code, bold, bold2, italic, italic2, label, address, bare, escaped] = match;
    if (code !== undefined) made.push(h('code', null, code));
    else if (bold || bold2) made.push(h('strong', null, inline(bold || bold2, base)));
    else if (italic || italic2) made.push(h('em', null, inline(italic || italic2, base)));
    else if (address !== undefined) made.push(link(address, inline(label, base), base) || whole);
    else if (bare) made.push(link(bare, [bare], base));
    else made.push(escaped);
  }
  made.push(...broken(text.slice(last)));
  return made;
}

/** A line end stays one where two spaces ask for it; otherwise text flows. */
const broken = (text) => text.split(/ {2,}\n/).flatMap((part, at) => (at ? [h('br'), part] : [part]));

/** A link that opens beside the page; null where the address is none that may be followed. */
export function link(address, children, base) {
  const url = safeUrl(address, base);
  return url && h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, children);
}

/** http, https and mailto only. @returns {string|null} */
export function safeUrl(address, base) {
  try {
    const url = new URL(address, `${base}/`);
    return /^(https?|mailto):$/.test(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
