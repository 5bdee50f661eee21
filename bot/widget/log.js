/* The conversation on screen: one element per event, in the order of the journal; messages on their way come last. */
import { h, icon, initials } from './dom.js';
import { link, markdown, safeUrl } from './markdown.js';
import { recheck } from './help.js';

const TOGETHER = 5 * 60_000;  // ms between messages of one sender that are shown as one group
const NEAR = 80;              // px from the end that count as "at the end"
const TYPING = { bot: 30_000, agent: 6_000 };  // ms a typing sign lasts without an answer

export class Log {
  /**
   * @param {object} parts
   *   texts, base, press(button, event), form({kind, level, topic}), retry(message), edit(message), discard(message), card(case) → Node, save(file, button)
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.t = (key, values) => this.texts.t(key, values);
    this.list = h('div', { class: 'list' });
    this.typing = h('div', { class: 'typing', 'aria-live': 'off' }, h('span', { class: 'visually-hidden' }), h('i'), h('i'), h('i'));
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
    this.readTo = 0;            // seq up to which a person has read
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
    if (state) state.replaceChildren(this.t(seq <= this.readTo ? 'log.read' : 'log.sent'));
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

  /** A person has read what the customer wrote, up to `seq`. */
  read(seq) {
    if (!(seq > this.readTo)) return;
    this.readTo = seq;
    for (const [at, node] of this.entries) {
      const state = at <= seq && node.querySelector('.state');
      if (state) state.replaceChildren(this.t('log.read'));
    }
  }

  /** Something that belongs to an event is shown below it. */
  put(node, seq) {
    this.entries.get(seq).append(node);
    if (this.sticking) this.toEnd();
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
      node = this.entry({ from: 'customer', type: 'text', text: message.text, attachments: message.attachments, at: message.at });
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
    const agent = from === 'agent' && event.agent && event.agent.name;
    const name = agent || this.t(`log.from.${from}`);
    const who = h('span', { class: 'visually-hidden' }, name, ' ');
    const meta = h('div', { class: 'meta' }, agent && face(agent), h('span', { class: 'who', 'aria-hidden': 'true' }, from === 'customer' ? '' : name), h('time', { datetime: event.at }, this.texts.time(event.at)),
      from === 'customer' && h('span', { class: 'state', 'aria-live': 'off' }));
    const text = event.text || '';
    if (text) {
      const bubble = h('div', { class: 'bubble', dir: 'auto', lang: event.lang || null }, who);
      if (from === 'bot') bubble.append(markdown(text, this.base));
      else bubble.append(h('p', { class: 'plain' }, from === 'customer' ? text : linked(text, this.base)));
      if (type === 'error') bubble.prepend(icon('warn'));
      const joined = event.live && event.live.state === 'live' && event.live.agent;
      if (joined && joined.name) bubble.prepend(face(joined.name));
      node.append(bubble);
    }
    if (event.source) node.append(this.source(event.source), recheck(event, this.base, this.t) || '');
    if (event.attachments && event.attachments.length) node.append(this.files(event.attachments, text ? null : who));
    if (event.case && type === 'case') node.append(this.card(event.case));
    // The ways out of waiting stand above the composer for as long as one waits.
    if (event.buttons && event.buttons.length && !(event.live && event.live.state === 'waiting')) node.append(this.buttons(event));
    if (this.offersForm(event)) {
      const { channel, level } = decision;
      node.append(h('button', { type: 'button', class: 'text-button form-link', onclick: () => this.form({ kind: channel, level }) }, icon(channel), this.t(`log.form.${channel}`)));
    }
    node.append(meta);
    return node;
  }

  files(attachments, who) {
    return h('div', { class: 'attached' }, who, attachments.map((file) => h('button', { type: 'button', class: 'attachment', title: this.t('files.save', { name: file.name }), onclick: (event) => this.save(file, event.currentTarget) },
      icon('file'), h('span', { class: 'file-text' }, h('bdi', { class: 'file-name' }, file.name), h('span', { class: 'file-note' }, this.texts.bytes(file.size))), icon('save'))));
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
    const group = found && found.node.querySelector('.choices');
    if (group) group.replaceWith(this.buttons(found.event));
  }

  /** @param {{from: string, agent?: {name: string}}} sign */
  showTyping({ from, agent }) {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.hideTyping(), TYPING[from] || TYPING.bot);
    this.typing.firstChild.textContent = from === 'agent' ? this.t('live.typing', { name: (agent && agent.name) || this.t('log.from.agent') }) : this.t('log.typing');
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

  /** Show the end, but where the bot answers never past the beginning of what answers the customer's last words. */
  toEnd(whole) {
    const { node, list } = this;
    const end = node.scrollHeight - node.clientHeight;
    const said = [...list.querySelectorAll('.from-customer')].pop();
    const reply = said && said.nextElementSibling;
    const talking = list.lastElementChild && !list.lastElementChild.classList.contains('from-bot');
    const top = whole || talking || !reply ? end : Math.min(end, reply.offsetTop - 10);
    node.scrollTo({ top, behavior: whole && !matchMedia('(prefers-reduced-motion: reduce)').matches ? 'smooth' : 'auto' });
    this.jump.hidden = top === end || this.node.getAttribute('aria-live') !== 'polite';
  }
}

const face = (name) => h('span', { class: 'face', 'aria-hidden': 'true' }, initials(name));

/** Plain text with the addresses in it as links. */
function linked(text, base) {
  return text.split(/(https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]»"'’])/).map((part, at) => (at % 2 ? link(part, [part], base) || part : part));
}
