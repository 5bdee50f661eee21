/* Guichet panel: the conversation, its composer and its forms, inside the loader's shadow root. */
import { Api } from './api.js';
import { Composer, Files } from './composer.js';
import { Feed } from './feed.js';
import { Log, caseCard } from './log.js';
import { Outbox } from './outbox.js';
import { Store } from './store.js';
import { Texts } from './text.js';
import { Views } from './views.js';
import { paint } from './colour.js';
import { h, icon, iconButton, tabbable } from './dom.js';

const BANNER_AFTER = 1500;  // ms: a shorter break is not worth a word

/**
 * Called by the loader at the first opening.
 * @param {object} ctx the loader's context
 * @returns {Promise<{open: (focus?: boolean) => void, close: () => void, ask: (text: string) => void}>}
 */
export async function mount(ctx) {
  const sheet = h('link', { rel: 'stylesheet', href: `${ctx.base}/widget/panel.css` });
  const styled = new Promise((resolve, reject) => { sheet.onload = resolve; sheet.onerror = () => reject(new Error('panel.css')); });
  ctx.shadow.append(sheet);
  await styled.catch((error) => { sheet.remove(); throw error; });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const theme = () => paint(ctx, ['light', 'dark'].includes(ctx.theme) ? ctx.theme : dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', theme);
  theme();
  let panel;
  const start = () => { panel = new Panel(ctx, async (lang) => {
    await ctx.load(lang);
    panel.store.set('lang', { page: ctx.pageLang, lang });
    panel.destroy();
    start();
    theme();
    panel.open();
  }); };
  start();
  return { open: (focus) => panel.open(focus), close: () => panel.close(), ask: (text) => panel.ask(text) };
}

class Panel {
  constructor(ctx, setLanguage) {
    Object.assign(this, { ctx, setLanguage, isOpen: false, unread: 0, opening: null });
    this.texts = new Texts(ctx.config);
    this.store = new Store(ctx.key);
    this.api = new Api(ctx.base, this.texts.lang);
    this.phone = matchMedia('(max-width: 480px), (max-height: 420px)');
    this.build();
    this.outbox = new Outbox(this.store, this.api, {
      conversation: (message) => this.conversationOf(message),
      current: () => this.conversation,
      changed: (...change) => this.progress(...change),
      expired: (id) => this.expired(id),
    });
    this.unwatch = this.store.watch((name) => this.otherTab(name));
    this.adopt(this.store.current);
    this.outbox.flush();
  }

  t = (key, values) => this.texts.t(key, values);

  build() {
    const { t, texts } = this;
    const { limits, company } = this.ctx.config;
    const announce = (text, seen) => this.announce(text, seen);
    this.live = h('div', { class: 'visually-hidden', role: 'status' });
    this.toast = h('div', { class: 'toast', 'aria-hidden': 'true' });
    this.banner = h('div', { class: 'banner', role: 'status' });
    this.cases = new Map();  // ref → all that is known of it
    const card = (one) => {
      this.cases.set(one.ref, { ...this.cases.get(one.ref), ...one });
      return caseCard(this.cases.get(one.ref), {
        texts, announce, calendar: (...it) => this.calendar(...it), consent: (...it) => this.consent(...it),
        statement: async ({ ref }) => this.api.statement(await this.ensure(), ref),
      });
    };
    this.log = new Log({
      texts, base: this.ctx.base, announce, card,
      press: ({ id, title }) => { this.outbox.add({ text: title, button: id }); this.composer.box.focus({ preventScroll: true }); },
      form: (wanted) => this.views.form(wanted),
      retry: (message) => this.outbox.retry(message),
      edit: (message) => { this.outbox.discard(message); this.composer.text = [message.text, this.composer.text].filter(Boolean).join('\n'); this.keepDraft(this.composer.text); this.composer.box.focus(); },
      discard: (message) => this.outbox.discard(message),
    });
    this.composer = new Composer({ texts, limits, announce, send: (text) => this.send(text), changed: (text) => this.keepDraft(text), attach: (files) => this.files.add(files) });
    this.trayPlace = h('div', { class: 'tray-place' });
    this.views = new Views(this, card);
    const title = this.ctx.title || company.name;
    this.title = h('h2', { class: 'title', id: 'guichet-title' }, title);
    this.subtitle = h('p', { class: 'subtitle' }, t('header.subtitle'));
    this.backButton = iconButton('back', t('header.back'), () => this.views.back(), { hidden: true });
    this.menuButton = iconButton('more', t('header.menu'), () => this.views.menu(), { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
    this.header = h('div', { class: 'header' }, this.backButton,
      h('span', { class: 'avatar', 'aria-hidden': 'true' }, [...title][0]), h('div', { class: 'names' }, this.title, this.subtitle),
      this.menuButton, iconButton('close', t('header.close'), () => this.close(), { class: 'icon-button close' }));
    this.hero = h('div', { class: 'hero' }, h('p', { class: 'hello' }, t('hero.title')), h('p', { class: 'hello-more' }, t('hero.text', { company: company.name, product: company.product || company.name })),
      h('div', { class: 'hero-cards' }, ['contact', 'cases'].map((name) => h('button', { type: 'button', class: 'hero-card', onclick: () => this.views[name]() },
        h('span', { class: 'hero-icon' }, icon(name === 'contact' ? 'ticket' : 'list')), h('span', null, h('strong', null, t(`menu.${name}`)), h('small', null, t(`hero.${name}`)))))));
    this.chat = h('div', { class: 'chat' }, this.log.node, this.hero, this.log.jump, this.trayPlace, this.composer.node);
    this.drop = h('div', { class: 'drop', 'aria-hidden': 'true' }, icon('attach'), t('files.drop'));
    this.node = h('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'guichet-title', lang: texts.lang, tabindex: '-1', hidden: true },
      this.header, this.banner, this.chat, this.views.sheet, this.drop, this.toast, this.live);
    this.node.addEventListener('keydown', (event) => this.keys(event));
    this.node.addEventListener('dragenter', (event) => this.dragging(event));
    this.node.addEventListener('dragover', (event) => this.dragging(event));
    this.node.addEventListener('dragleave', (event) => { if (!this.node.contains(event.relatedTarget)) this.node.classList.remove('dragging'); });
    this.node.addEventListener('drop', (event) => {
      this.node.classList.remove('dragging');
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.files.add(event.dataTransfer.files);
    });
    this.node.addEventListener('paste', (event) => {
      if (!event.clipboardData.files.length || event.clipboardData.getData('text/plain')) return;
      event.preventDefault();
      this.files.add(event.clipboardData.files);
    });
    this.ctx.root.append(this.node);
    this.fitPhone = () => this.fit();
    this.phone.addEventListener('change', this.fitPhone);
    if (window.visualViewport) visualViewport.addEventListener('resize', this.fitPhone);
    this.looked = () => this.see();
    document.addEventListener('visibilitychange', this.looked);
  }

  destroy() {
    this.release();
    this.outbox.stop();
    this.unwatch();
    this.phone.removeEventListener('change', this.fitPhone);
    if (window.visualViewport) visualViewport.removeEventListener('resize', this.fitPhone);
    document.removeEventListener('visibilitychange', this.looked);
    this.node.remove();
    this.lockPage(false);
  }

  // opening and closing

  open(focus = true) {
    if (!this.isOpen) {
      const active = document.activeElement;
      this.returnTo = active && active !== document.body && active !== this.ctx.shadow.host ? active : this.ctx.button;
      this.isOpen = true;
      this.node.hidden = false;
      this.ctx.root.classList.add('opened');
      this.ctx.shown(true);
      this.fit();
      this.composer.fit();
      this.log.toEnd();
      this.see();
    }
    if (focus) (matchMedia('(pointer: coarse)').matches ? this.node : this.composer.box).focus();
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    const inside = this.node.contains(this.ctx.shadow.activeElement);
    this.views.closeMenu();
    this.node.hidden = true;
    this.ctx.root.classList.remove('opened');
    this.lockPage(false);
    this.ctx.shown(false);
    if (inside) (this.returnTo.isConnected ? this.returnTo : this.ctx.button).focus();
  }

  /** On a phone the panel is the whole screen, and a modal dialog. */
  fit() {
    const modal = this.phone.matches;
    this.node.classList.toggle('phone', modal);
    if (modal) this.node.setAttribute('aria-modal', 'true');
    else this.node.removeAttribute('aria-modal');
    this.node.style.setProperty('--screen', window.visualViewport ? `${Math.round(visualViewport.height)}px` : '100%');
    this.lockPage(modal && this.isOpen);
  }

  lockPage(locked) {
    if (locked === (this.scrolling !== undefined)) return;
    const { style } = document.documentElement;
    if (locked) {
      this.scrolling = style.overflow;
      style.overflow = 'hidden';
    } else {
      style.overflow = this.scrolling;
      this.scrolling = undefined;
    }
  }

  keys(event) {
    event.stopPropagation();  // the page's shortcuts are not for what is typed here
    if (event.key === 'Escape' && !event.isComposing) {
      event.preventDefault();
      if (!this.views.closeMenu(true) && !this.views.back()) this.close();
    } else if (event.key === 'Tab' && this.phone.matches) {
      const stops = tabbable(this.node);
      const [first, last] = [stops[0], stops[stops.length - 1]];
      const at = this.ctx.shadow.activeElement;
      if (event.shiftKey ? at === first || at === this.node : at === last) {
        event.preventDefault();
        (event.shiftKey ? last : first).focus();
      }
    }
  }

  dragging(event) {
    if (![...event.dataTransfer.types].includes('Files')) return;
    event.preventDefault();
    this.node.classList.add('dragging');
  }

  // the conversation

  get id() { return this.conversation ? this.conversation.id : 'new'; }

  /** Show a conversation (null: none yet). */
  adopt(conversation) {
    this.release();
    this.conversation = conversation;
    this.log.clear();
    this.unread = 0;
    this.files = new Files({
      texts: this.texts, limits: this.ctx.config.limits, api: this.api, announce: (text) => this.announce(text), conversation: () => this.ensure(),
      kept: this.store.get(`files:${this.id}`, []), keep: (files) => this.store.set(`files:${this.id}`, files.length ? files : null),
    });
    this.trayPlace.replaceChildren(this.files.tray());
    this.composer.text = this.store.get(`draft:${this.id}`, '');
    this.composer.expects('');
    this.showWaiting();
    this.heroShown();
    if (conversation) this.listen();
    else this.online(true);
  }

  release() {
    if (this.feed) this.feed.stop();
    this.feed = null;
    clearTimeout(this.seeing);
  }

  listen() {
    const { conversation } = this;
    let caughtUp = false;
    this.feed = new Feed(this.api, conversation, {
      event: (event) => this.receive(event, caughtUp),
      typing: () => this.log.showTyping(),
      online: (online) => this.online(online),
      expired: () => this.expired(conversation.id),
      caughtUp: () => {
        if (caughtUp) return;
        caughtUp = true;
        setTimeout(() => this.log.live(), 200);
        this.log.toEnd();
      },
    });
  }

  showWaiting() {
    const waiting = this.conversation ? [...this.store.outbox(this.conversation.id), ...this.store.outbox(null)] : this.store.outbox(null);
    waiting.forEach((message) => this.log.progress(message, 'sending'));
  }

  heroShown() {
    this.hero.hidden = Boolean(this.conversation) || !this.log.empty;
    this.node.classList.toggle('fresh', !this.hero.hidden);
  }

  /** The conversation, begun where there is none yet. */
  async ensure() {
    if (this.conversation) return this.conversation;
    this.opening = this.opening || this.api.create().then(({ id, token }) => {
      const conversation = { id, token, lang: this.texts.lang, at: new Date().toISOString() };
      this.store.claim(id);
      this.store.add(conversation);
      this.conversation = conversation;
      this.heroShown();
      this.listen();
      return conversation;
    }).finally(() => { this.opening = null; });
    return this.opening;
  }

  /** Whose a message on its way is. */
  async conversationOf(message) {
    return this.store.book.items.find((one) => one.id === message.conversation) || this.ensure();
  }

  /** The server no longer knows a conversation: go on in a new one, with all that was typed. */
  expired(id) {
    if (!this.store.book.items.some((one) => one.id === id)) return;
    if (this.conversation && this.conversation.id !== id) {
      this.store.release(id);
    } else {
      this.keepDraft(this.composer.text);
      this.store.release(id);
      this.adopt(this.store.current);
      this.announce(this.t('log.expired'), true);
    }
    setTimeout(() => this.outbox.flush());
  }

  begin() {
    this.store.select(null);
    this.adopt(null);
    this.composer.box.focus();
  }

  show(id) {
    this.store.select(id);
    this.adopt(this.store.current);
    this.composer.box.focus();
  }

  ask(text) {
    this.open();
    this.views.home();
    this.send(String(text).trim());
  }

  send(text) {
    if (!text) return;
    this.outbox.add({ text });
    this.heroShown();
  }

  progress(message, state, detail) {
    const mine = message.conversation === null || !this.conversation || message.conversation === this.conversation.id;
    if (mine) this.log.progress(message, state, detail);
    if (this.feed && mine && state === 'sent') this.feed.expect(detail);
    if (this.feed && state === 'failed') this.feed.doubt();
    this.heroShown();
  }

  receive(event, isNew) {
    if (event.client_id) this.store.drop(event.client_id);
    if (event.from === 'customer') this.nameConversation(event.text);
    if (!this.log.add(event) || event.from === 'customer') return;
    if (event.type === 'status' && event.case) this.views.replaceCards(event.case);
    this.composer.expects(event.form && event.form.field);
    this.see();
    if (event.seq > (this.conversation.seen || 0) && !(this.isOpen && !document.hidden)) {
      this.unread++;
      if (!this.isOpen) this.ctx.unread(this.unread);
    }
    if (!isNew) return;
    if (event.type === 'case') { this.files.taken(); this.ctx.emit('case', event.case); }
    this.ctx.emit('message', event);
    if (this.store.get('sound')) chime();
  }

  nameConversation(text) {
    const kept = this.store.book.items.find((one) => one.id === this.conversation.id);
    if (kept && !kept.title) this.store.update(kept.id, { title: [...text].slice(0, 80).join('') });
  }

  /** Remember how far the customer has read. */
  see() {
    if (!this.isOpen || document.hidden || !this.conversation) return;
    this.unread = 0;
    clearTimeout(this.seeing);
    this.seeing = setTimeout(() => {
      if (!this.feed || !(this.feed.after > (this.conversation.seen || 0))) return;
      this.conversation.seen = this.feed.after;
      this.store.update(this.conversation.id, { seen: this.feed.after });
    }, 200);
  }

  keepDraft(text) { this.store.set(`draft:${this.id}`, text); }

  /** Another tab has changed what is kept. */
  otherTab(name) {
    if (name === 'conversations') {
      const { current } = this.store;
      const other = (current && current.id) !== (this.conversation && this.conversation.id);
      if (other && (document.hidden || !this.conversation || !this.isOpen)) this.adopt(current);
      else if (current && !other) this.conversation.seen = Math.max(this.conversation.seen || 0, current.seen || 0);
    } else if (name.startsWith('out:')) {
      const message = this.store.get(name);
      if (message && (message.conversation === null || message.conversation === this.id)) { this.log.progress(message, 'sending'); this.heroShown(); }
    } else if (name === `draft:${this.id}` && (document.hidden || this.ctx.shadow.activeElement !== this.composer.box)) {
      this.composer.text = this.store.get(name, '');
    }
  }

  // what the customer is told

  online(online) {
    clearTimeout(this.bannerTimer);
    const shown = this.banner.dataset.state === 'lost';
    if (!online && !shown) {
      this.bannerTimer = setTimeout(() => {
        this.banner.dataset.state = 'lost';
        this.banner.replaceChildren(h('span', { class: 'spinner', 'aria-hidden': 'true' }), this.t('connection.lost'), h('button', { type: 'button', class: 'text-button', onclick: () => { this.feed && this.feed.nudge(); this.outbox.flush(); } }, this.t('connection.retry')));
      }, BANNER_AFTER);
    } else if (online && shown) {
      this.banner.dataset.state = 'found';
      this.banner.replaceChildren(icon('check'), this.t('connection.found'));
      this.bannerTimer = setTimeout(() => { delete this.banner.dataset.state; this.banner.replaceChildren(); }, 2500);
      this.outbox.flush();
    } else if (online && this.banner.dataset.state === 'found') {
      this.bannerTimer = setTimeout(() => { delete this.banner.dataset.state; this.banner.replaceChildren(); }, 2500);
    }
  }

  /** Read out by screen readers; `seen` shows it for a moment as well. */
  announce(text, seen) {
    this.live.textContent = '';
    setTimeout(() => { this.live.textContent = text; }, 50);
    if (!seen) return;
    this.toast.textContent = text;
    this.toast.classList.add('shown');
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => this.toast.classList.remove('shown'), 4000);
  }

  // cases

  async calendar({ ref }, button) {
    button.setAttribute('aria-disabled', 'true');
    try {
      const address = URL.createObjectURL(await this.api.calendar(await this.ensure(), ref));
      h('a', { href: address, download: `${ref}.ics` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      this.announce(error.message || this.t('case.failed'), true);
    }
    button.removeAttribute('aria-disabled');
  }

  async consent(one, agreed, card) {
    if (card.dataset.busy) return;
    card.dataset.busy = 'true';
    try {
      const changed = await this.api.consent(await this.ensure(), one.ref, agreed);
      this.views.replaceCards(changed);
      this.announce(this.t(agreed ? 'consent.agreed' : 'consent.declined'), true);
    } catch (error) {
      delete card.dataset.busy;
      this.announce(error.message || this.t('case.failed'), true);
    }
  }
}

/** Two soft notes; browsers keep them silent until the page was touched. */
function chime() {
  const audio = new AudioContext();
  [660, 880].forEach((frequency, at) => {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, audio.currentTime + at * 0.12);
    volume.gain.exponentialRampToValueAtTime(0.06, audio.currentTime + at * 0.12 + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at * 0.12 + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at * 0.12);
    tone.stop(audio.currentTime + at * 0.12 + 0.32);
  });
  setTimeout(() => audio.close(), 800);
}
