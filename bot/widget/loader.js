/* Guichet loader: launcher button and page API. The panel's modules come with the first opening. */
(() => {
  'use strict';
  const doc = document, script = doc.currentScript;
  if (!script || window.Guichet) return;
  const data = script.dataset;
  const base = new URL('..', script.src).href.slice(0, -1);
  const key = `guichet:${base}:`;
  const read = (name) => { try { return JSON.parse(localStorage.getItem(key + name)); } catch { return null; } };
  const emit = (name, detail) => doc.dispatchEvent(new CustomEvent(`guichet:${name}`, { detail }));
  const tab = (value) => {  // whether the panel is open in this tab, kept from page to page
    try { return value ? sessionStorage.setItem(key, value) : sessionStorage.getItem(key); } catch { return null; }
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  const add = (parent, name, set, space) => {
    const node = space ? doc.createElementNS('http://www.w3.org/2000/svg', name) : doc.createElement(name);
    Object.entries(set).forEach(([at, value]) => node.setAttribute(at, value));
    parent.append(node);
    return node;
  };
  const host = doc.createElement('guichet-widget');
  const shadow = host.attachShadow({ mode: 'open' });
  const root = add(shadow, 'div', { class: `root ${data.position === 'left' ? 'left' : 'right'}` });
  const button = add(root, 'button', { class: 'launcher', type: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': false });
  for (const [name, d] of [['chat', 'M4 5.5h16v11.3h-8.6L7 20.5v-3.7H4zM8.2 9.6h7.6M8.2 12.8h4.8'], ['hide', 'M6 9.5l6 6 6-6']]) {
    add(add(button, 'svg', { class: name, viewBox: '0 0 24 24', 'aria-hidden': true }, 1), 'path', { d }, 1);
  }
  const badge = add(button, 'span', { class: 'badge', 'aria-hidden': true });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:host{all:initial!important}.root{all:initial}
.launcher{all:initial;box-sizing:border-box;position:fixed;z-index:2147483000;bottom:20px;right:20px;width:60px;height:60px;border-radius:50%;background:var(--accent);color:var(--ink);cursor:pointer;display:grid;place-items:center;box-shadow:0 1px 4px #0003,0 8px 28px #0004;transition:transform .18s}
.left .launcher{right:auto;left:20px}
.launcher:hover{transform:translateY(-2px)}.launcher:active{transform:scale(.95)}
.launcher:focus-visible{outline:3px solid var(--ink);outline-offset:-6px;box-shadow:0 0 0 3px var(--accent)}
svg{grid-area:1/1;width:28px;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round;transition:.2s}
.launcher .hide,[aria-expanded=true] .chat{opacity:0;transform:rotate(-40deg) scale(.5)}
.launcher[aria-expanded=true] .hide{opacity:1;transform:none}
[aria-busy=true] .chat{animation:wait .8s infinite alternate}@keyframes wait{to{opacity:.3}}
.badge{position:absolute;top:-3px;right:-3px;min-width:22px;padding:0 6px;box-sizing:border-box;border-radius:11px;background:#c81e1e;color:#fff;font:600 13px/22px system-ui,sans-serif;text-align:center}
.badge:empty{display:none}
@media(prefers-reduced-motion){.launcher,svg{transition:none;animation:none!important}}
@media(forced-colors:active){.launcher{border:2px solid}}
@media print{.root{display:none}}`);
  shadow.adoptedStyleSheets = [sheet];

  const brush = doc.createElement('canvas').getContext('2d');
  const rgb = (colour, otherwise) => {  // any CSS colour as [r, g, b]
    brush.fillStyle = otherwise;
    brush.fillStyle = colour;
    return [1, 3, 5].map((at) => parseInt(brush.fillStyle.slice(at, at + 2), 16) || 0);
  };
  const light = (colour) => colour.map((v) => (v > 10 ? ((v / 255 + 0.055) / 1.055) ** 2.4 : v / 3294))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05);
  const contrast = (a, b) => Math.max(light(a) / light(b), light(b) / light(a));

  /** What the panel gets. `config` is the answer of GET /api/widget. */
  const context = {
    base, key, root, shadow, button, emit, contrast, theme: data.theme, title: data.title,
    /** Fetch texts and colours; tried until the server answers. */
    async load(lang) {
      for (let wait = 2000; ; wait = Math.min(wait * 2, 60000)) {
        const answer = await fetch(`${base}/api/widget?lang=${encodeURIComponent(lang)}`).catch(() => null);
        const config = answer && answer.ok && await answer.json().catch(() => null);
        if (config) { context.config = config; break; }
        await pause(wait);
      }
      const { accent, accent_text: ink } = context.config.colours;
      const fill = context.accent = rgb(data.accent || accent, accent);
      context.ink = [data.accentText || ink, '#fff', '#111'].map((colour) => rgb(colour, '#fff')).find((c) => contrast(fill, c) >= 4.5) || [0, 0, 0];
      root.style.setProperty('--accent', `rgb(${fill})`);
      root.style.setProperty('--ink', `rgb(${context.ink})`);
      context.unread(+badge.textContent);
    },
    unread(count) {
      const { open, close, unread } = context.config.messages.launcher;
      badge.textContent = count || '';
      button.setAttribute('aria-label', opened ? close : open + (count ? ` (${unread.replace('{count}', count)})` : ''));
      emit('unread', { count });
    },
    shown(open) {
      opened = open;
      button.setAttribute('aria-expanded', open);
      tab(open ? 'open' : 'closed');
      context.unread(open ? 0 : +badge.textContent);
      emit(open ? 'open' : 'close');
    },
  };
  let opened = false, panel, tries = 0;

  const ready = (async () => {
    context.pageLang = data.lang || doc.documentElement.lang || navigator.language;
    const chosen = read('lang');  // by the customer in the panel, for pages in this language
    await context.load(chosen && chosen.page === context.pageLang ? chosen.lang : context.pageLang);
    while (!doc.body) await pause(30);
    doc.body.append(host);
    emit('ready');
  })();
  const withPanel = async (use) => {
    await ready;
    button.setAttribute('aria-busy', true);
    panel = panel || import(`${base}/widget/panel.js${tries++ ? `?${tries}` : ''}`).then((module) => module.mount(context));
    try { return use(await panel); } catch (error) { panel = null; throw error; } finally { button.removeAttribute('aria-busy'); }
  };
  window.Guichet = {
    open: (view) => withPanel((it) => it.open(true, view)),
    close: () => withPanel((it) => it.close()),
    ask: (text) => withPanel((it) => it.ask(text)),
    on: (name, listener) => doc.addEventListener(`guichet:${name}`, (event) => listener(event.detail)),
  };
  button.addEventListener('click', () => (opened ? window.Guichet.close() : window.Guichet.open()));

  /** Answers that came while the page was away, counted without loading the panel. */
  const check = async () => {
    const kept = read('conversations');
    const it = kept && kept.items.find((one) => one.id === kept.current);
    if (!it || panel || doc.hidden) return;
    const answer = await fetch(`${base}/api/conversations/${it.id}/events?after=${it.seen || 0}`, { headers: { Authorization: `Bearer ${it.token}` } }).catch(() => null);
    if (answer && answer.ok) context.unread((await answer.json()).events.filter((event) => event.from !== 'customer').length);
  };
  ready.then(() => {
    if (data.open === 'true' || data.open === '' || (tab() === 'open' && innerWidth > 480)) return withPanel((it) => it.open(false));
    if (read('live')) return withPanel(() => {});  // a person writes whenever they like
    doc.addEventListener('visibilitychange', check);
    return check();
  });
})();
