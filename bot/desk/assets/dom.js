// What the desk's modules build their parts from; data becomes text nodes and attributes, never markup.

import { make } from "/staff/assets/ui.js";

import { due, full, initials, moment, t } from "./text.js";

export { make };
const SVG = "http://www.w3.org/2000/svg";

/** Strokes on a 20 × 20 grid. */
const ICONS = {
  ticket: "M3 4.5h14v11H3zM3.3 5l6.7 5.5L16.7 5",
  callback: "M5.5 3.5l2.2-.4 1.5 3.5-1.7 1.4a9 9 0 0 0 4.5 4.5l1.4-1.7 3.5 1.5-.4 2.2a1.7 1.7 0 0 1-1.7 1.4A11 11 0 0 1 4.1 5.2a1.7 1.7 0 0 1 1.4-1.7z",
  sla: "M10 2.5l6 2v5c0 4-2.5 6.5-6 8-3.5-1.5-6-4-6-8v-5zM7.5 10l2 2 3.5-4",
  clock: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 6v4.2l2.7 1.7",
  late: "M10 3l8 14H2zM10 8v4M10 14.5v.1",
  pause: "M7 5v10M13 5v10",
  user: "M10 10a3.3 3.3 0 1 0 0-6.6A3.3 3.3 0 0 0 10 10zM3.5 17c0-3.2 2.8-5 6.5-5s6.5 1.8 6.5 5",
  tag: "M3 3.5h6.5L17 11l-6 6-7.5-7.5zM6.5 7v.1",
  snooze: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  search: "M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM13.5 13.5L17 17",
  filter: "M3 5h14M5.5 10h9M8.5 15h3",
  sort: "M6 4v12M3.5 13.5L6 16l2.5-2.5M11 5h6M11 10h4M11 15h2",
  more: "M5 10h.1M10 10h.1M15 10h.1",
  back: "M12 4.5L6.5 10l5.5 5.5",
  down: "M5 8l5 5 5-5",
  send: "M3.5 10L17 4l-4.5 13-2.8-5.5zM9.7 11.5L13 8",
  attach: "M16 9.5l-6.5 6.5a4 4 0 0 1-5.7-5.7l7-7a2.7 2.7 0 0 1 3.9 3.9l-6.8 6.8a1.4 1.4 0 0 1-2-2l6-6",
  note: "M4 3.5h12v9L12 16.5H4zM12 16.5v-4h4M7 7h6M7 10h3",
  reply: "M8 5L3 9.5 8 14v-3c4 0 7 1 9 4 0-5-3-8-9-8z",
  help: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM7.8 8a2.2 2.2 0 1 1 3.2 2c-.8.4-1 .8-1 1.5M10 13.8v.1",
  bell: "M5 14c.7-1 1-2 1-4.5a4 4 0 0 1 8 0c0 2.5.3 3.5 1 4.5zM8.5 16.5a1.6 1.6 0 0 0 3 0",
  sound: "M4 8v4h2.5l3.5 3V5L6.5 8zM13 7.5a3.5 3.5 0 0 1 0 5M15 5.5a6.5 6.5 0 0 1 0 9",
  mute: "M4 8v4h2.5l3.5 3V5L6.5 8zM13.5 8l4 4M17.5 8l-4 4",
  check: "M4 10.5l4 4 8-9",
  close: "M5 5l10 10M15 5L5 15",
  plus: "M10 4v12M4 10h12",
  link: "M8 12l4-4M9 6l1.5-1.5a3.2 3.2 0 0 1 4.5 4.5L13.5 10.5M11 14l-1.5 1.5A3.2 3.2 0 0 1 5 11l1.5-1.5",
  up: "M10 16V4M5 9l5-5 5 5",
  merge: "M5 3v4c0 3 5 3 5 6v4M15 3v4c0 3-5 3-5 6",
  robot: "M4.5 8h11v7.5h-11zM10 8V4.5M10 4.4v.1M7.5 11.5v.1M12.5 11.5v.1M2.5 10.5v3M17.5 10.5v3",
  book: "M10 5.5C8.5 4 6 3.5 3 3.5v12c3 0 5.5.5 7 2 1.5-1.5 4-2 7-2v-12c-3 0-5.5.5-7 2zm0 0v12",
  chart: "M3.5 16.5h13M5.5 13.5v-4M10 13.5v-9M14.5 13.5v-6",
  gear: "M4 6h6M14 6h2M4 14h2M10 14h6M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  live: "M3 4.5h14v9H9L5.5 16.5v-3H3z",
  eye: "M1.8 10S4.5 4.5 10 4.5 18.2 10 18.2 10 15.5 15.5 10 15.5 1.8 10 1.8 10zM10 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  text: "M4 5h12M4 9h12M4 13h7",
  file: "M5.5 3h6l3.5 3.5V17h-9.5zM11 3v4h4",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  at: "M13 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zm0 0v1.2a2 2 0 0 0 4 0V10a7 7 0 1 0-3 5.7",
  urgent: "M5 17V3M5 4h10l-2.5 3.5L15 11H5",
  high: "M5 12l5-5 5 5M5 16l5-5 5 5",
  low: "M5 8l5 5 5-5",
  retry: "M16 10a6 6 0 1 1-1.9-4.4M16.5 3v3.5H13",
  bold: "M6.5 4h4.3a3 3 0 0 1 0 6H6.5zM6.5 10h5a3 3 0 0 1 0 6h-5z",
  italic: "M8.5 4h5M6.5 16h5M11.2 4L8.8 16",
  heading: "M5 4v12M15 4v12M5 10h10",
  bullets: "M8 5.5h8.5M8 10h8.5M8 14.5h8.5M4 5.5h.1M4 10h.1M4 14.5h.1",
  numbers: "M8.5 5.5h8M8.5 10h8M8.5 14.5h8M3.5 4.5l1-.5v3.5M3.5 12.5c.4-.8 1.8-.6 1.6.3-.1.5-1.6 1.7-1.6 1.7h1.8",
  image: "M3 4.5h14v11H3zM3.5 14l4-4 3 3 2.5-2.5 3.5 3.5M13 8v.1",
  globe: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.5c2.2 2 3.2 4.5 3.2 7.5s-1 5.5-3.2 7.5c-2.2-2-3.2-4.5-3.2-7.5s1-5.5 3.2-7.5z",
  trash: "M4 6h12M8 6V3.5h4V6M5.5 6l.7 11h7.6l.7-11M8.5 9v5M11.5 9v5",
  play: "M6.5 4.5l8 5.5-8 5.5z",
  upload: "M10 13V4M6.5 7.5L10 4l3.5 3.5M3.5 13v3.5h13V13",
  pencil: "M4 16l.7-3.3L13.5 4l2.5 2.5-8.7 8.8zM11.7 5.8l2.5 2.5",
};

export function icon(name, label = "") {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 20 20", class: `icon i-${name}` })) svg.setAttribute(key, value);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and words. */
export const button = (name, label, onclick, properties = {}) =>
  make("button", { type: "button", class: "button small ghost", onclick, ...properties }, name && icon(name), label);

/** A button with an icon whose words only assistive technology and the mouse's pointer see. */
export const iconButton = (name, label, onclick, properties = {}) =>
  make("button", { type: "button", class: "button ghost icon-only small", "aria-label": label, title: label, onclick, ...properties }, icon(name));

export const avatar = (name, properties = {}) => make("span", { class: "avatar small", title: name, "aria-hidden": "true", ...properties }, initials(name));

export const time = (iso) => make("time", { dateTime: iso, title: full(iso) }, moment(iso));

/** A clock that counts: `tick` below keeps its words true. */
export function dueClock(row, brief = false) {
  const node = make("span", { class: "due" });
  node.due = { row, brief };
  count(node);
  return node;
}

function count(node) {
  const { state, text } = due(node.due.row, node.due.brief);
  const key = `${state} ${text}`;
  if (node.dataset.key === key) return;
  Object.assign(node.dataset, { key, state });
  const name = { breached: "late", paused: "pause", soon: "clock", ok: "clock" }[state];
  node.replaceChildren(...(text && name ? [icon(name)] : []), text);
  if (node.due.row.due_at) node.title = `${t("case.due")} ${full(node.due.row.due_at)}`;
}

setInterval(() => document.querySelectorAll(".due").forEach((node) => node.due && count(node)), 15_000);

export const empty = (name, title, hint = "", ...more) =>
  make("div", { class: "nothing" }, icon(name), make("p", { class: "nothing-title" }, title), hint && make("p", { class: "hint" }, hint), ...more);

export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is missing on pages without TLS
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** At most once in `ms`, the last call counts. */
export function lazily(work, ms) {
  let waiting = null;
  return () => {
    waiting ??= setTimeout(() => {
      waiting = null;
      work();
    }, ms);
  };
}

/** Text with its lines, addresses as links. */
export function prose(text) {
  const made = [];
  let last = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]»’']/g)) {
    made.push(text.slice(last, match.index), link(match[0], match[0]));
    last = match.index + match[0].length;
  }
  return make("div", { class: "prose" }, ...made, text.slice(last));
}

/** A link that opens beside the desk; plain text where the address is none that may be followed. */
export function link(address, text) {
  try {
    const url = new URL(address, location.origin);
    if (/^(https?|mailto):$/.test(url.protocol)) return make("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, text);
  } catch {
    // no address
  }
  return make("span", {}, text);
}
