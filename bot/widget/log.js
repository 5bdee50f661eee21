/* The conversation on screen: one element per event, in the order of the journal; messages on their way come last. */
import { copy, h, icon, iconButton } from './dom.js';
import { link, markdown, safeUrl } from './markdown.js';

const TOGETHER = 5 * 60_000;  // ms between messages of one sender that are shown as one group
const NEAR = 80;              // px from the end that count as "at the end"
const TYPING = 30_000;        // ms a typing sign lasts without an answer

export class Log {
  /**
   * @param {object} parts
   *   texts, base, press(button, event), form({kind, level, topic}), retry(message), edit(message), discard(message), card(case) → Node
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.t = (key, values) => this.texts.t(key, values);
    this.list = h('div', { class: 'list' });
    this.typing = h('div', { class: 'typing', 'aria-live': 'off' }, h('span', { class: 'visually-hidden' }, this.texts.t('log.typing')), h('i'), h('i'), h('i'));
    this.node = h('div', { class: 'log', role: 'log', 'aria-label': this.texts.t('log.label'), 'aria-live': 'off', tabindex: '0' }, this.list);
    this.jump = h('button', { class: 'jump', type: 'button', hidden: true, onclick: () => this.toEnd(true) }, this.texts.t('log.newest'), icon('down'));
    this.node.addEventListener('scroll', () => {
      this.sticking = this.atEnd;
      if (this.sticking) this.jump.hidden = true;
    }, { passive: true });
    // What appears around the log (files, a lost connection) must not hide its end.
    new ResizeObserver(() => { if (this.sticking) this.toEnd(); }).observe(this.node);
    this.clear();
  }

  get atEnd() { return this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR; }

  get empty() { return !this.list.querySelector('.entry'); }

  clear() {
    this.list.textContent = '';
    this.entries = new Map();   // seq → element
    this.onTheWay = new Map();  // client_id → element
    this.arrived = new Set();   // client_ids of messages that are in the journal
    this.offers = [];           // events with buttons
    this.sticking = true;       // the end is kept in view
    this.node.setAttribute('aria-live', 'off');
    this.hideTyping();
  }

  /** From now on what is added is read out. */
  live() { this.node.setAttribute('aria-live', 'polite'); }

  /** @param {object} event of the journal @returns {boolean} whether it is new here */
  add(event) {
    if (event.client_id) this.arrived.add(event.client_id);
    if (this.entries.has(event.seq)) return false;
    if (event.from !== 'customer') this.hideTyping();
    let node = event.client_id && this.onTheWay.get(event.client_id);
    if (node) this.onTheWay.delete(event.client_id);
    else node = this.entry(event);
    this.settle(node, event.seq, event.at);
    if (event.buttons && event.buttons.length) this.offers.push({ event, node });
    if (event.from === 'customer') this.markChosen(event);
    this.follow(event);
    return true;
  }

  /** Put an entry at its place in the journal. */
  settle(node, seq, at) {
    this.entries.set(seq, node);
    node.dataset.seq = seq;
    node.dataset.at = at;
    delete node.dataset.state;
    const state = node.querySelector('.state');
    if (state) state.replaceChildren(this.texts.t('log.sent'));
    const time = node.querySelector('.meta time');
    time.dateTime = at;
    time.textContent = this.texts.time(at);
    let after = this.list.lastElementChild;
    while (after && (after === node || !after.dataset.seq || Number(after.dataset.seq) > seq)) after = after.previousElementSibling;
    if (after ? after.nextElementSibling !== node : this.list.firstElementChild !== node) {
      if (after) after.after(node);
      else this.list.prepend(node);
    }
    this.arrange();
  }

  /** A message on its way: sending, failed, refused (with the server's words), sent (with its number). */
  progress(message, state, detail) {
    let node = this.onTheWay.get(message.client_id);
    if (state === 'sent') {
      this.arrived.add(message.client_id);
      if (!node) return;
      this.onTheWay.delete(message.client_id);
      if (this.entries.has(detail)) node.remove();
      else this.settle(node, detail, new Date().toISOString());
      return;
    }
    if (this.arrived.has(message.client_id)) return;  // another tab is late
    if (!node) {
      node = this.entry({ from: 'customer', type: 'text', text: message.text, at: message.at });
      node.dataset.at = message.at;
      this.onTheWay.set(message.client_id, node);
      this.list.append(node);
      this.markChosen(message);
      this.sticking = true;
      this.arrange();
    }
    if (node.dataset.state === state) return;
    node.dataset.state = state;
    const { t } = this;
    const again = (label, act) => h('button', { type: 'button', class: 'text-button', onclick: act }, label);
    node.querySelector('.state').replaceChildren(...{
      sending: [t('log.sending')],
      failed: [t('log.failed'), ' ', again(t('log.retry'), () => this.retry(message))],
      refused: [detail && detail.message ? detail.message : t('log.refused'), ' ', message.button
        ? again(t('log.discard'), () => { node.remove(); this.onTheWay.delete(message.client_id); this.unmark(message.button); this.discard(message); })
        : again(t('log.edit'), () => { node.remove(); this.onTheWay.delete(message.client_id); this.edit(message); })],
    }[state]);
    if (state !== 'sending') this.announce(state === 'failed' ? t('log.failed') : node.querySelector('.state').firstChild.textContent);
  }

  entry(event) {
    const { from, type, decision } = event;
    const node = h('div', { class: `entry from-${from} type-${type}` });
    if (decision) for (const name of ['outcome', 'probability', 'level', 'channel']) if (decision[name] !== undefined && decision[name] !== null) node.dataset[name] = decision[name];
    const who = h('span', { class: 'visually-hidden' }, this.t(`log.from.${from}`), ' ');
    const meta = h('div', { class: 'meta' }, h('span', { class: 'who', 'aria-hidden': 'true' }, from === 'customer' ? '' : this.t(`log.from.${from}`)), h('time', { datetime: event.at }, this.texts.time(event.at)),
      from === 'customer' && h('span', { class: 'state', 'aria-live': 'off' }));
    const text = event.text || '';
    if (text) {
      const bubble = h('div', { class: 'bubble', dir: 'auto', lang: event.lang || null }, who);
      if (from === 'bot') bubble.append(markdown(text, this.base));
      else bubble.append(h('p', { class: 'plain' }, from === 'customer' ? text : linked(text, this.base)));
      if (type === 'error') bubble.prepend(icon('warn'));
      node.append(bubble);
    }
    if (event.source) node.append(this.source(event.source));
    if (event.case && type === 'case') node.append(this.card(event.case));
    if (event.buttons && event.buttons.length) node.append(this.buttons(event));
    if (this.offersForm(event)) {
      const { channel, level } = decision;
      node.append(h('button', { type: 'button', class: 'text-button form-link', onclick: () => this.form({ kind: channel, level }) }, icon(channel), this.t(`log.form.${channel}`)));
    }
    node.append(meta);
    return node;
  }

  offersForm({ type, decision }) {
    return decision && ['ticket', 'callback', 'sla'].includes(decision.channel) && (type === 'error' || type === 'choices' || type === 'form');
  }

  source({ title, url, heading, kind, second }) {
    const href = url && safeUrl(url, this.base);
    const inside = [
      h('span', { class: 'source-icon' }, icon(kind === 'video' ? 'video' : 'faq')),
      h('span', { class: 'source-text' }, h('span', { class: 'source-label' }, this.t('log.source')), h('span', { class: 'source-title' }, title),
        heading && heading !== title && h('span', { class: 'source-heading' }, heading),
        second !== undefined && second !== null && h('span', { class: 'source-heading' }, `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`)),
    ];
    return href
      ? h('a', { class: 'source', href, target: '_blank', rel: 'noopener' }, inside, icon('open'), h('span', { class: 'visually-hidden' }, this.t('log.newTab')))
      : h('div', { class: 'source' }, inside);
  }

  buttons(event) {
    return h('div', { class: 'choices', role: 'group', 'aria-label': this.t('log.choices') }, event.buttons.map(({ id, title }) =>
      h('button', { type: 'button', class: 'choice', 'data-button': id, onclick: (click) => {
        const group = click.currentTarget.parentNode;
        if (group.dataset.used) return;
        this.press({ id, title }, event);
      } }, h('span', null, title))));
  }

  /** Mark the button that a message was the press of. */
  markChosen({ button }) {
    const found = button && this.offers.find(({ event }) => event.buttons.some((one) => one.id === button));
    const group = found && found.node.querySelector('.choices');
    if (!group || group.dataset.used) return;
    group.dataset.used = 'true';
    for (const choice of group.children) {
      choice.setAttribute('aria-disabled', 'true');
      if (choice.dataset.button !== button) continue;
      choice.classList.add('chosen');
      choice.prepend(icon('check'));
      choice.append(h('span', { class: 'visually-hidden' }, this.t('log.chosen')));
    }
  }

  unmark(button) {
    const found = this.offers.find(({ event }) => event.buttons.some((one) => one.id === button));
    if (found) found.node.querySelector('.choices').replaceWith(this.buttons(found.event));
  }

  showTyping() {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.hideTyping(), TYPING);
    this.node.append(this.typing);
    if (this.sticking) this.toEnd();
  }

  hideTyping() {
    clearTimeout(this.typingTimer);
    this.typing.remove();
  }

  /** Dates between days; names and times only at the end of a group. Once for all that is added in one go. */
  arrange() {
    if (this.arranging) return;
    this.arranging = true;
    queueMicrotask(() => {
      this.arranging = false;
      let before = null, day = '';
      for (const node of [...this.list.querySelectorAll('.entry')]) {
        const at = new Date(node.dataset.at), today = at.toDateString();
        const joined = Boolean(before) && before.classList[1] === node.classList[1] && day === today && at - new Date(before.dataset.at) < TOGETHER;
        node.classList.toggle('joined', joined);
        if (before) before.classList.toggle('followed', joined);
        const label = node.querySelector(':scope > .day');
        if (label && day === today) label.remove();
        else if (!label && day !== today) node.prepend(h('div', { class: 'day' }, h('span', null, this.texts.day(node.dataset.at))));
        [before, day] = [node, today];
      }
      if (before) before.classList.remove('followed');
      if (this.sticking) this.toEnd();
    });
  }

  follow(event) {
    if (event.from === 'customer') this.sticking = true;
    if (!this.sticking && this.node.getAttribute('aria-live') === 'polite') this.jump.hidden = false;
  }

  /** Show the end, but never past the beginning of what answers the customer's last words. */
  toEnd(whole) {
    const { node, list } = this;
    const end = node.scrollHeight - node.clientHeight;
    const said = [...list.querySelectorAll('.from-customer')].pop();
    const reply = said && said.nextElementSibling;
    const top = whole || !reply ? end : Math.min(end, reply.offsetTop - 10);
    node.scrollTo({ top, behavior: whole && !matchMedia('(prefers-reduced-motion: reduce)').matches ? 'smooth' : 'auto' });
    this.jump.hidden = top === end || this.node.getAttribute('aria-live') !== 'polite';
  }
}

/** Plain text with the addresses in it as links. */
function linked(text, base) {
  return text.split(/(https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]»"'’])/).map((part, at) => (at % 2 ? link(part, [part], base) || part : part));
}

/** A case in the conversation and in the list of one's own cases. */
export function caseCard(one, { texts, announce, calendar, statement, consent }) {
  const t = (key, values) => texts.t(key, values);
  const ref = h('code', { class: 'ref' }, one.ref);
  const node = h('div', { class: `case-card status-${one.status}`, 'data-ref': one.ref },
    h('div', { class: 'case-head' }, h('span', { class: 'case-icon' }, icon(one.kind)), h('span', { class: 'case-kind' }, t(`kinds.${one.kind}.title`)), h('span', { class: 'pill' }, t(`status.${one.status}`))),
    one.subject && h('p', { class: 'case-subject', dir: 'auto' }, one.subject),
    h('div', { class: 'case-ref' }, ref, iconButton('copy', t('case.copy', { ref: one.ref }), async () => announce(t((await copy(one.ref, node)) ? 'case.copied' : 'case.notCopied'), true))),
    one.due_at && h('p', { class: 'case-due' }, icon(one.kind === 'callback' ? 'callback' : 'alarm'), h('span', null, t(one.kind === 'callback' ? 'case.call' : 'case.due'), ' ', h('time', { datetime: one.due_at }, texts.moment(one.due_at)))),
    one.created_at && h('p', { class: 'case-created' }, t('case.created'), ' ', h('time', { datetime: one.created_at }, texts.moment(one.created_at))));
  if (one.kind === 'callback') node.append(h('button', { type: 'button', class: 'button quiet', onclick: (event) => calendar(one, event.currentTarget) }, icon('calendar'), t('case.calendar')));
  if (one.status === 'waiting_consent') node.append(consentBox(one, node, { t, statement, consent }));
  return node;
}

/** What is asked for is shown word for word before it can be agreed to. */
function consentBox(one, card, { t, statement, consent }) {
  const box = h('div', { class: 'consent' }, h('p', null, t('consent.explain')), h('p', { class: 'hint' }, t('consent.loading')));
  const answer = (name, agreed, look) => h('button', { type: 'button', class: look, onclick: () => consent(one, agreed, card) }, t(`consent.${name}`));
  const load = async () => {
    try {
      box.replaceChildren(box.firstChild, h('blockquote', { class: 'statement', dir: 'auto' }, await statement(one)),
        h('div', { class: 'row' }, answer('agree', true, 'button'), answer('decline', false, 'button quiet')));
    } catch {
      box.replaceChildren(box.firstChild, h('button', { type: 'button', class: 'text-button', onclick: load }, t('log.retry')));
    }
  };
  load();
  return box;
}
