/* A person in the conversation: waiting for one, talking to one, and what is asked in the end. What is so follows from
   the journal's events alone: a reload or another tab shows the same. */
import { Rating } from './rating.js';
import { h } from './dom.js';

const TYPED = 3_000;  // ms between two signs that the customer is typing
const TICK = 1_000;   // ms between two steps of the waiting bar

export class Live {
  /** @param {object} panel whose header says whom one talks to */
  constructor(panel) {
    Object.assign(this, { panel, t: panel.t, texts: panel.texts });
    this.node = h('div', { class: 'waiting', role: 'group', 'aria-label': this.t('live.waiting.label'), hidden: true });
    this.reset();
  }

  /** Another conversation is shown. */
  reset() {
    clearInterval(this.ticking);
    Object.assign(this, { state: 'bot', agent: null, seen: 0, told: 0, ways: [], rating: null });
    this.draw();
  }

  /** A person is there or awaited: files go along with messages, and typing is told. */
  get on() { return this.state === 'waiting' || this.state === 'live'; }

  /** @param {object} event of the journal, in its order */
  take(event) {
    const { live, button, from, type, seq } = event;
    if (live) {
      const agent = live.agent && live.agent.name ? live.agent : null;
      if (this.rating) this.rating.drop();
      Object.assign(this, { state: live.state, agent, ways: live.state === 'waiting' && event.buttons ? event.buttons : [], promised: live.promised_seconds || 0, since: Date.parse(event.at) });
      this.rating = live.state === 'closed' ? new Rating(this.panel, seq) : null;
    } else if (this.on && (from === 'bot' || type === 'error' || (from === 'customer' && this.ways.some(({ id }) => id === button)))) {
      Object.assign(this, { state: 'bot', ways: [] });  // a way was taken instead of waiting; where the bot speaks, it has the word
    } else if (from === 'customer' && this.state === 'closed') {
      this.state = 'bot';  // who goes on writing talks to the bot again; the rating stays where it is
    } else if (from === 'agent' && event.agent && this.state === 'live') {
      this.agent = event.agent;
    } else {
      return;
    }
    this.draw();
  }

  // the header, and what stands above the composer while one waits

  draw() {
    const { panel, t, state, agent, node } = this;
    const named = state === 'live' && agent;
    panel.whom(named ? agent.name : null, t(state === 'waiting' ? 'live.header.waiting' : named ? 'live.header.live' : 'header.subtitle', { company: panel.company }));
    panel.store.set('live', this.on || null);
    clearInterval(this.ticking);
    node.hidden = state !== 'waiting';
    panel.filesGo();
    if (node.hidden) {
      node.replaceChildren();
      return;
    }
    this.bar = h('span', { class: 'waiting-bar' }, h('i'));
    this.words = h('p', { class: 'waiting-words' });
    node.replaceChildren(h('div', { class: 'waiting-head' }, h('span', { class: 'pulse', 'aria-hidden': 'true' }), this.words), this.bar,
      this.ways.length && h('div', { class: 'waiting-ways' }, this.ways.map(({ id, title }) => h('button', { type: 'button', class: 'way-out', onclick: () => this.leave({ id, title }) }, title))));
    this.tick();
    this.ticking = setInterval(() => this.tick(), TICK);
  }

  tick() {
    const { promised, since, bar, words, t } = this;
    const share = promised ? Math.min(1, (Date.now() - since) / (promised * 1000)) : 1;
    bar.hidden = share >= 1;
    bar.firstChild.style.width = `${Math.round(share * 100)}%`;
    const text = share >= 1 ? t('live.waiting.longer') : t('live.waiting.promised', { span: this.span(promised) });
    if (words.textContent !== text) words.textContent = text;
    if (share >= 1) clearInterval(this.ticking);
  }

  span(seconds) {
    const minutes = Math.round(seconds / 60);
    return seconds < 60 ? this.t('live.span.seconds', { count: seconds }) : this.t('live.span.minutes', { count: minutes });
  }

  /** A button's press that cannot be sent must not take the others away: they go when the journal has it. */
  leave(button) {
    this.node.querySelectorAll('button').forEach((one) => one.setAttribute('aria-disabled', 'true'));
    this.panel.press(button);
  }

  // signs

  /** The customer is typing: told while a person listens, at most every three seconds. */
  typed(text) {
    const { session } = this.panel;
    if (this.state !== 'live' || !text.trim() || Date.now() - this.told < TYPED) return;
    this.told = Date.now();
    this.panel.api.sign(session.conversation, 'typing', {}).catch(() => {});
  }

  /** The customer has read as far as `seq`. */
  read(seq) {
    const { session } = this.panel;
    if (this.state !== 'live' || !(seq > this.seen)) return;
    this.seen = seq;
    this.panel.api.sign(session.conversation, 'read', { seq }).catch(() => { if (this.seen === seq) this.seen = 0; });
  }

  /** How far the person has read; the journal does not hold that. */
  async refresh() {
    const { session, api, log } = this.panel;
    if (this.state !== 'live' || !session.conversation) return;
    const { conversation } = session;
    const { read } = await api.state(conversation).catch(() => ({}));
    if (read && session.conversation === conversation) log.read(read);
  }

  /** Ask for a person outside the dialogue. ApiError says why nobody comes. */
  async call() {
    const { session, api } = this.panel;
    await api.person(await session.ensure());
  }
}
