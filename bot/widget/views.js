/* What lies over the conversation: the menu, the ways to people, forms, one's own cases, earlier conversations. */
import { CaseForm, KINDS } from './forms.js';
import { transcriptForm } from './rating.js';
import { search } from './help.js';
import { Texts } from './text.js';
import { h, icon } from './dom.js';

export class Views {
  /** @param {object} panel @param {(one: object) => Node} card */
  constructor(panel, card) {
    Object.assign(this, { panel, card, path: [], t: panel.t });
    this.sheet = h('div', { class: 'sheet', hidden: true });
    this.popup = null;
  }

  /** Show a view above the conversation. `path` remembers the way back. */
  push(name, title, content) {
    const { panel } = this;
    this.closeMenu();
    if (this.path[this.path.length - 1] !== name) this.path.push(name);
    this.heading = h('h3', { class: 'sheet-title', tabindex: '-1' }, title);
    this.sheet.replaceChildren(this.heading, ...[content].flat());
    this.sheet.dataset.view = name;
    this.sheet.hidden = false;
    this.sheet.scrollTop = 0;
    panel.chat.inert = true;
    panel.node.classList.add('covered');
    panel.backButton.hidden = false;
    this.heading.focus({ preventScroll: true });
  }

  /** One step back. @returns {boolean} false where the conversation is shown already */
  back() {
    if (!this.path.length) return false;
    this.path.pop();
    const before = this.path.pop();
    if (before) this[before]();
    else this.home();
    return true;
  }

  home() {
    const { panel } = this;
    this.path = [];
    this.sheet.hidden = true;
    this.sheet.replaceChildren();
    panel.chat.inert = false;
    panel.node.classList.remove('covered');
    panel.backButton.hidden = true;
    if (panel.isOpen) panel.composer.box.focus({ preventScroll: true });
  }

  /** Show what the page asks for: contact, cases, conversations, or a kind of form. */
  go(view) {
    if (KINDS.includes(view)) this.form({ kind: view });
    else if (['help', 'contact', 'cases', 'conversations'].includes(view)) this[view]();
    else throw new Error(`Guichet.open: expected help, contact, cases, conversations, ${KINDS.join(', ')} or nothing, got ${view}`);
  }

  // the menu

  menu() {
    if (this.popup) { this.closeMenu(true); return; }
    const { panel, t } = this;
    const item = (name, iconName, act, props) => h('button', { type: 'button', role: 'menuitem', tabindex: '-1', class: 'menu-item', onclick: () => { this.closeMenu(true); act(); }, ...props }, icon(iconName), h('span', null, name));
    const { languages } = panel.ctx.config;
    this.popup = h('div', { class: 'menu', role: 'menu', 'aria-label': t('header.menu') },
      item(t('menu.help'), 'faq', () => this.help()),
      item(t('menu.contact'), 'ticket', () => this.contact()),
      item(t('menu.cases'), 'list', () => this.cases()),
      item(t('menu.conversations'), 'chats', () => this.conversations()),
      panel.session.conversation && panel.ctx.config.transcripts && item(t('live.transcript.menu'), 'save', () => this.transcript()),
      item(t('menu.begin'), 'plus', () => { this.home(); panel.session.begin(); }),
      h('div', { class: 'menu-line', role: 'separator' }),
      languages.length > 1 && h('div', { class: 'menu-languages', role: 'group', 'aria-label': t('menu.language') }, languages.map((code) =>
        h('button', { type: 'button', role: 'menuitemradio', tabindex: '-1', class: 'language', lang: code, 'aria-checked': String(code === panel.texts.lang), onclick: () => { this.closeMenu(true); if (code !== panel.texts.lang) panel.setLanguage(code); } }, Texts.languageName(code)))),
      item(t('menu.sound'), 'sound', () => panel.store.set('sound', !panel.store.get('sound', false)), { role: 'menuitemcheckbox', 'aria-checked': String(Boolean(panel.store.get('sound', false))) }));
    this.popup.addEventListener('keydown', (event) => this.menuKeys(event));
    this.away = (event) => { if (!event.composedPath().some((node) => node === this.popup || node === panel.menuButton)) this.closeMenu(); };
    document.addEventListener('pointerdown', this.away, true);
    panel.menuButton.setAttribute('aria-expanded', 'true');
    panel.header.append(this.popup);
    this.popup.querySelector('button').focus();
  }

  menuKeys(event) {
    const items = [...this.popup.querySelectorAll('button')];
    const at = items.indexOf(this.popup.getRootNode().activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, ArrowRight: at + 1, ArrowLeft: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === 'Tab') this.closeMenu(true);
    if (next === undefined) return;
    event.preventDefault();
    items[next % items.length].focus();
  }

  /** @returns {boolean} whether there was one open */
  closeMenu(focus) {
    if (!this.popup) return false;
    document.removeEventListener('pointerdown', this.away, true);
    this.popup.remove();
    this.popup = null;
    this.panel.menuButton.setAttribute('aria-expanded', 'false');
    if (focus) this.panel.menuButton.focus();
    return true;
  }

  // the ways to people

  contact() {
    const { t } = this;
    const way = (kind, name, note, act) => h('button', { type: 'button', class: 'way', 'data-kind': kind, onclick: act }, h('span', { class: 'way-icon' }, icon(name)), h('span', null, h('strong', null, t(`${note}.way`)), h('small', null, t(`${note}.note`))));
    this.why = h('p', { class: 'form-error', role: 'alert' });
    this.push('contact', t('contact.title'), [h('p', { class: 'lead' }, t('contact.lead')), this.why,
      h('div', { class: 'ways' }, way('person', 'chats', 'live.call', (event) => this.callPerson(event.currentTarget)), KINDS.map((kind) => way(kind, kind, `kinds.${kind}`, () => this.form({ kind }))))]);
  }

  /** A person at once, or why not: the other ways stand below. */
  async callPerson(button) {
    const { panel, why, t } = this;
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    why.textContent = '';
    try {
      if (!panel.live.on) await panel.live.call();
      if (why.isConnected) this.home();
    } catch (error) {
      why.textContent = (error.status && error.status < 500 && error.message) || t('live.call.failed');
    }
    button.removeAttribute('aria-disabled');
  }

  help() {
    this.push('help', this.t('menu.help'), search(this.panel));
    this.sheet.querySelector('input').focus({ preventScroll: true });
  }

  transcript() { this.push('transcript', this.t('live.transcript.way'), transcriptForm(this.panel)); }

  /** @param {{kind: string, level?: number, topic?: string}} wanted */
  form(wanted) {
    const { panel, t } = this;
    const keep = `form:${panel.session.id}`;
    const kept = panel.store.get(keep, {});
    const form = new CaseForm({
      ...wanted, texts: panel.texts, example: panel.ctx.config.contract_example, api: panel.api, files: panel.session.files, announce: (text) => panel.announce(text), conversation: () => panel.session.ensure(),
      kept: { ...kept.shared, ...kept[wanted.kind] },
      keep: (values) => {
        const all = panel.store.get(`form:${panel.session.id}`, {});
        // Who one is need not be typed twice.
        const shared = values ? { email: values.email || '', phone: values.phone || '' } : all.shared;
        panel.store.set(`form:${panel.session.id}`, { ...all, shared, [wanted.kind]: values || undefined });
      },
      done: (one) => this.done(one),
      expired: () => { panel.session.expired(panel.session.id); this.form(wanted); },
    });
    this.push('form', t(`kinds.${wanted.kind}.way`), form.node);
    const first = form.node.querySelector('input,textarea');
    if (first && !matchMedia('(pointer: coarse)').matches) first.focus({ preventScroll: true });
  }

  done(one) {
    const { t } = this;
    this.path = [];
    this.push('done', t('done.title'), [h('div', { class: 'done-mark', 'aria-hidden': 'true' }, icon('check')), h('p', { class: 'lead' }, t(`kinds.${one.kind}.done`)), this.card(one),
      h('button', { type: 'button', class: 'button wide', onclick: () => this.home() }, t('done.back'))]);
    this.panel.announce(t('done.announce', { ref: one.ref }));
  }

  async cases() {
    const { panel, t } = this;
    const list = h('div', { class: 'cards', 'aria-busy': 'true' }, h('p', { class: 'hint' }, t('cases.loading')));
    this.push('cases', t('menu.cases'), list);
    let found = [];
    try {
      if (panel.session.conversation) found = await panel.api.cases(panel.session.conversation);
      list.replaceChildren(...(found.length ? found.map((one) => this.card(one)) : [this.nothing('list', t('cases.none'), t('menu.contact'), () => this.contact())]));
    } catch (error) {
      list.replaceChildren(this.nothing('warn', error.message || t('cases.failed'), t('log.retry'), () => this.cases()));
    }
    list.removeAttribute('aria-busy');
  }

  conversations() {
    const { panel, t } = this;
    const { items } = panel.store.book;
    this.push('conversations', t('menu.conversations'), [
      h('div', { class: 'cards' }, items.length ? items.map((one) => h('button', { type: 'button', class: 'past', 'aria-current': one.id === panel.session.id ? 'true' : null, onclick: () => { this.home(); if (one.id !== panel.session.id) panel.session.show(one.id); } },
        h('span', { class: 'past-title', dir: 'auto' }, one.title || t('conversations.untitled')), h('time', { datetime: one.at }, panel.texts.moment(one.at)))) : this.nothing('chats', t('conversations.none'))),
      h('button', { type: 'button', class: 'button wide', onclick: () => { this.home(); panel.session.begin(); } }, icon('plus'), t('menu.begin'))]);
  }

  nothing(name, text, label, act) {
    return h('div', { class: 'nothing' }, icon(name), h('p', null, text), label && h('button', { type: 'button', class: 'button quiet', onclick: act }, label));
  }

  /** A case has changed: every card of it. */
  replaceCards(one) {
    for (const old of this.panel.node.querySelectorAll(`.case-card[data-ref="${CSS.escape(one.ref)}"]`)) old.replaceWith(this.card(one));
  }
}
