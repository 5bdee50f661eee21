/* Guichet panel: the conversation, its composer and its forms, inside the loader's shadow root. */
import { Api } from './api.js';
import { caseCard } from './cards.js';
import { Composer } from './composer.js';
import { Live } from './live.js';
import { Log } from './log.js';
import { Notices } from './notices.js';
import { Session } from './session.js';
import { Store } from './store.js';
import { Texts } from './text.js';
import { Views } from './views.js';
import { paint } from './colour.js';
import { h, icon, iconButton, initials, tabbable } from './dom.js';

/**
 * Called by the loader at the first opening.
 * @param {object} ctx the loader's context
 * @returns {Promise<{open: (focus?: boolean, view?: string) => void, close: () => void, ask: (text: string) => void}>}
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
    await panel.session.speak(lang);
    panel.destroy();
    start();
    theme();
    panel.open();
  }); };
  start();
  return { open: (focus, view) => { panel.open(focus); if (view) panel.views.go(view); }, close: () => panel.close(), ask: (text) => panel.ask(text) };
}

class Panel {
  constructor(ctx, setLanguage) {
    Object.assign(this, { ctx, setLanguage, isOpen: false });
    this.texts = new Texts(ctx.config);
    this.t = (key, values) => this.texts.t(key, values);
    this.store = new Store(ctx.key);
    this.api = new Api(ctx.base, this.texts.lang);
    this.phone = matchMedia('(max-width: 480px), (max-height: 420px)');
    this.build();
    this.session = new Session(this);
  }

  build() {
    const { t, texts } = this;
    const { limits, company } = this.ctx.config;
    this.notices = new Notices(t, () => this.session.retry());
    const announce = this.announce = (text, seen) => this.notices.announce(text, seen);
    this.cases = new Map();  // ref → all that is known of it
    const card = (one) => {
      this.cases.set(one.ref, { ...this.cases.get(one.ref), ...one });
      return caseCard(this.cases.get(one.ref), {
        texts, announce, calendar: (...it) => this.calendar(...it), consent: (...it) => this.consent(...it),
        statement: async ({ ref }) => this.api.statement(await this.session.ensure(), ref),
      });
    };
    this.log = new Log({
      texts, base: this.ctx.base, announce, card,
      press: (button) => this.press(button),
      save: ({ id, name }, button) => this.save(button, name, (conversation) => this.api.file(conversation, id)),
      form: (wanted) => this.views.form(wanted),
      retry: (message) => this.session.outbox.retry(message),
      edit: (message) => { this.session.outbox.discard(message); this.composer.text = [message.text, this.composer.text].filter(Boolean).join('\n'); this.session.keepDraft(this.composer.text); this.session.files.restore(message.attachments || []); this.composer.box.focus(); },
      discard: (message) => { this.session.outbox.discard(message); this.live.draw(); },
    });
    this.composer = new Composer({ texts, limits, announce, send: (text, files) => this.session.send(text, files), changed: (text) => { this.session.keepDraft(text); this.live.typed(text); },
      attach: (files) => this.session.files.add(files), files: () => (this.session && this.live.on ? this.session.files : null) });
    this.trayPlace = h('div', { class: 'tray-place' });
    this.views = new Views(this, card);
    this.company = this.ctx.title || company.name;
    this.title = h('h2', { class: 'title', id: 'guichet-title' });
    this.subtitle = h('p', { class: 'subtitle' });
    this.avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' });
    this.backButton = iconButton('back', t('header.back'), () => this.views.back(), { hidden: true });
    this.menuButton = iconButton('more', t('header.menu'), () => this.views.menu(), { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
    this.header = h('div', { class: 'header' }, this.backButton,
      this.avatar, h('div', { class: 'names' }, this.title, this.subtitle),
      this.menuButton, iconButton('close', t('header.close'), () => this.close(), { class: 'icon-button close' }));
    this.hero = h('div', { class: 'hero' }, h('p', { class: 'hello' }, t('hero.title')), h('p', { class: 'hello-more' }, t('hero.text', { company: company.name, product: company.product || company.name })),
      h('div', { class: 'hero-cards' }, ['help', 'contact', 'cases'].map((name) => h('button', { type: 'button', class: 'hero-card', onclick: () => this.views[name]() },
        h('span', { class: 'hero-icon' }, icon({ help: 'faq', contact: 'ticket', cases: 'list' }[name])), h('span', null, h('strong', null, t(`menu.${name}`)), h('small', null, t(`hero.${name}`)))))));
    this.live = new Live(this);
    this.chat = h('div', { class: 'chat' }, this.log.node, this.hero, this.log.jump, this.live.node, this.trayPlace, this.composer.node);
    this.drop = h('div', { class: 'drop', 'aria-hidden': 'true' }, icon('attach'), t('files.drop'));
    this.node = h('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'guichet-title', lang: texts.lang, tabindex: '-1', hidden: true },
      this.header, this.notices.banner, this.chat, this.views.sheet, this.drop, this.notices.toast, this.notices.live);
    this.node.addEventListener('keydown', (event) => this.keys(event));
    this.node.addEventListener('dragenter', (event) => this.dragging(event));
    this.node.addEventListener('dragover', (event) => this.dragging(event));
    this.node.addEventListener('dragleave', (event) => { if (!this.node.contains(event.relatedTarget)) this.node.classList.remove('dragging'); });
    this.node.addEventListener('drop', (event) => {
      this.node.classList.remove('dragging');
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      this.session.files.add(event.dataTransfer.files);
    });
    this.node.addEventListener('paste', (event) => {
      if (!event.clipboardData.files.length || event.clipboardData.getData('text/plain')) return;
      event.preventDefault();
      this.session.files.add(event.clipboardData.files);
    });
    this.ctx.root.append(this.node);
    this.fitPhone = () => this.fit();
    this.phone.addEventListener('change', this.fitPhone);
    if (window.visualViewport) visualViewport.addEventListener('resize', this.fitPhone);
  }

  destroy() {
    this.session.end();
    clearInterval(this.live.ticking);
    this.phone.removeEventListener('change', this.fitPhone);
    if (window.visualViewport) visualViewport.removeEventListener('resize', this.fitPhone);
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
      this.session.see();
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

  ask(text) {
    this.open();
    this.views.home();
    this.session.send(String(text).trim());
  }

  /** The greeting, as long as nothing was said. */
  greet(begun) {
    this.hero.hidden = begun || !this.log.empty;
    this.node.classList.toggle('fresh', !this.hero.hidden);
  }

  press({ id, title }) {
    this.session.outbox.add({ text: title, button: id });
    this.composer.box.focus({ preventScroll: true });
  }

  /** Whom the customer talks to: a person's name and initials, else the company's. */
  whom(name, subtitle) {
    this.title.textContent = name || this.company;
    this.avatar.textContent = name ? initials(name) : [...this.company][0];
    this.avatar.classList.toggle('person', Boolean(name));
    this.subtitle.textContent = subtitle;
  }

  /** Where files go has changed: with the next message, or with the next case. */
  filesGo() {
    if (this.session && this.session.files) this.session.files.show();
  }

  // cases and files

  calendar({ ref }, button) { return this.save(button, `${ref}.ics`, (conversation) => this.api.calendar(conversation, ref)); }

  /** Save what `get` fetches as a file. */
  async save(button, name, get) {
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    try {
      const address = URL.createObjectURL(await get(await this.session.ensure()));
      h('a', { href: address, download: name }).click();
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
      const changed = await this.api.consent(await this.session.ensure(), one.ref, agreed);
      this.views.replaceCards(changed);
      this.announce(this.t(agreed ? 'consent.agreed' : 'consent.declined'), true);
    } catch (error) {
      delete card.dataset.busy;
      this.announce(error.message || this.t('case.failed'), true);
    }
  }
}
