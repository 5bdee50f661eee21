/* Small helpers around the DOM. Data becomes text nodes and attributes, never markup. */

const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a 24 × 24 grid. */
const ICONS = {
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M6 9.5l6 6 6-6',
  back: 'M14.5 5.5L8 12l6.5 6.5',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  send: 'M5 12.2L19.5 5 14.8 19.5l-3.4-6.1zM11.4 13.4l3.9-3.9',
  attach: 'M19.5 11.6l-7.7 7.7a5 5 0 0 1-7.1-7.1l8-8a3.4 3.4 0 0 1 4.8 4.8l-8 8a1.8 1.8 0 0 1-2.5-2.5l7.2-7.2',
  ticket: 'M4 6h16v12H4zM4.3 6.6l7.7 6 7.7-6',
  callback: 'M6.6 4.5l2.5-.5 1.8 4.2-2.1 1.6a11 11 0 0 0 5.4 5.4l1.6-2.1 4.2 1.8-.5 2.5a2 2 0 0 1-2 1.6A13.5 13.5 0 0 1 5 6.5a2 2 0 0 1 1.6-2z',
  sla: 'M12 3.5l7 2.5v5.5c0 4.5-3 7.6-7 9-4-1.4-7-4.5-7-9V6zM8.8 12l2.3 2.3 4.2-4.5',
  list: 'M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01',
  chats: 'M4 5h12v8.5H9.5L6 16.5v-3H4zM19 9h1.5v8.5h-2v2.5l-3-2.5H11',
  plus: 'M12 5v14M5 12h14',
  sound: 'M4.5 9.5v5h3l4.5 4v-13l-4.5 4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  copy: 'M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9',
  calendar: 'M4.5 6h15v14h-15zM4.5 10.5h15M8.5 3.5V7M15.5 3.5V7',
  faq: 'M6 3.5h8.5L19 8v12.5H6zM14 3.5V8.5h5M9 12.5h7M9 16h5',
  video: 'M4 6h16v12H4zM10.5 9.5v5l4-2.5z',
  open: 'M10 5H5v14h14v-5M13.5 4.5h6v6M19 5l-8.5 8.5',
  warn: 'M12 4.5l8.5 15h-17zM12 10v4.5M12 17h.01',
  file: 'M6.5 3.5h7L18 8v12.5H6.5zM13.5 3.5V8H18',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19.5 4v4.5H15',
  star: 'M12 4l2.5 5.1 5.6.8-4.1 4 1 5.6-5-2.7-5 2.7 1-5.6-4.1-4 5.6-.8z',
  save: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14',
  alarm: 'M12 6.5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 10v4l2.5 1.5M4 6.5L7 4M20 6.5L17 4',
};

/**
 * Make an element. `on…` properties are listeners, `true` is an empty attribute, null/false/undefined are left out.
 * @param {string} tag
 * @param {Object<string, any>|null} [props]
 * @param {...(Node|string|null|false|undefined|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** @param {keyof ICONS} name @returns {SVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true' })) svg.setAttribute(key, value);
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a name for assistive technology only. */
export const iconButton = (name, label, onclick, props) =>
  h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...props }, icon(name));

/** Elements inside `root` that Tab reaches, in order. */
export const tabbable = (root) =>
  [...root.querySelectorAll('a[href],button:not([disabled]),input:not([disabled]),textarea:not([disabled]),select:not([disabled]),[tabindex="0"]')]
    .filter((node) => node.getClientRects().length && !node.closest('[inert]'));

/** The first letters of the first two names. */
export const initials = (name) => name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] || '').join('').toUpperCase();

/** 128 random bits as a UUID; crypto.randomUUID is missing on pages without TLS. */
export function uuid() {
  return format(crypto.getRandomValues(new Uint8Array(16)), 4);
}

/** The same name gives the same UUID: two tabs that press one button send one message. */
export function uuidOf(name) {
  const bytes = new Uint8Array(16);
  for (let part = 0; part < 4; part++) {
    let hash = 0x811c9dc5 ^ (part * 0x9e3779b9);
    for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    new DataView(bytes.buffer).setUint32(part * 4, (hash ^ (hash >>> 13)) >>> 0);
  }
  return format(bytes, 8);
}

function format(bytes, version) {
  bytes[6] = (bytes[6] & 15) | (version << 4);
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Copy text, also on pages without TLS. @returns {Promise<boolean>} */
export async function copy(text, near) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h('textarea', { class: 'hidden', readonly: true });
    area.value = text;
    near.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
