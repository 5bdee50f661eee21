/* One customer's conversation in this tab: which it is, what comes and goes, what is kept of it. */
import { Feed } from './feed.js';
import { Files } from './composer.js';
import { Outbox } from './outbox.js';
import { chime } from './notices.js';

export class Session {
  /** @param {object} panel whose log, composer and views show the conversation */
  constructor(panel) {
    const { ctx, store, api, texts, log, composer, views } = panel;
    Object.assign(this, { panel, ctx, store, api, texts, log, composer, views, unread: 0, opening: null });
    this.outbox = new Outbox(store, api, {
      conversation: (message) => this.conversationOf(message),
      current: () => this.conversation,
      changed: (...change) => this.progress(...change),
      expired: (id) => this.expired(id),
    });
    this.unwatch = store.watch((name) => this.otherTab(name));
    this.looked = () => this.see();
    document.addEventListener('visibilitychange', this.looked);
    this.adopt(store.current);
    this.outbox.flush();
  }

  end() {
    this.release();
    this.outbox.stop();
    this.unwatch();
    document.removeEventListener('visibilitychange', this.looked);
  }

  get id() { return this.conversation ? this.conversation.id : 'new'; }

  /** Show a conversation (null: none yet). */
  adopt(conversation) {
    this.release();
    this.conversation = conversation;
    this.log.clear();
    this.panel.live.reset();
    this.unread = 0;
    this.files = new Files({
      texts: this.texts, limits: this.ctx.config.limits, api: this.api, announce: this.panel.announce, conversation: () => this.ensure(),
      kept: this.store.get(`files:${this.id}`, []), keep: (files) => this.store.set(`files:${this.id}`, files.length ? files : null),
      withMessage: () => this.panel.live.on, changed: () => this.composer.fit(),
    });
    this.panel.trayPlace.replaceChildren(this.files.tray());
    this.composer.text = this.store.get(`draft:${this.id}`, '');
    this.composer.expects('');
    this.showWaiting();
    this.panel.greet(Boolean(this.conversation));
    if (conversation) { this.listen(); this.setClock(); }
    else this.panel.notices.online(true);
  }

  release() {
    if (this.feed) this.feed.stop();
    this.feed = null;
    clearTimeout(this.seeing);
  }

  /** @param {boolean} [fresh] the conversation has just begun: all of it is new */
  listen(fresh = false) {
    const { conversation } = this;
    let caughtUp = fresh;
    if (fresh) this.log.live();
    this.feed = new Feed(this.api, conversation, {
      event: (event) => this.receive(event, caughtUp),
      typing: (sign) => this.log.showTyping(sign),
      read: (seq) => this.log.read(seq),
      online: (online) => this.panel.notices.online(online),
      expired: () => this.expired(conversation.id),
      caughtUp: () => {
        this.panel.live.refresh();
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

  /** The conversation, begun where there is none yet. */
  async ensure() {
    if (this.conversation) return this.conversation;
    this.opening = this.opening || this.api.create(this.texts.zone).then(({ id, token }) => {
      const conversation = { id, token, lang: this.texts.lang, zone: this.texts.zone, at: new Date().toISOString() };
      this.store.claim(id);
      this.store.add(conversation);
      this.conversation = conversation;
      this.panel.greet(Boolean(this.conversation));
      this.listen(true);
      return conversation;
    }).finally(() => { this.opening = null; });
    return this.opening;
  }

  /** The bot goes on in another language. Where the server cannot be told, the words of the next messages decide. */
  async speak(lang) {
    if (this.conversation) await this.api.change(this.conversation, { lang }).catch(() => {});
  }

  /** A customer who has travelled reads times on the clock of where they are now. */
  setClock() {
    const { conversation, texts: { zone } } = this;
    if (!zone || conversation.zone === zone) return;
    conversation.zone = zone;
    this.api.change(conversation, { time_zone: zone }).then(() => this.store.update(conversation.id, { zone })).catch(() => {});
  }

  /** Do not wait any longer before the next attempt. */
  retry() {
    if (this.feed) this.feed.nudge();
    this.outbox.flush();
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
      this.panel.notices.announce(this.panel.t('log.expired'), true);
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

  send(text, attachments = []) {
    if (!text && !attachments.length) return;
    this.outbox.add({ text, attachments });
    this.panel.greet(Boolean(this.conversation));
  }

  progress(message, state, detail) {
    const mine = message.conversation === null || !this.conversation || message.conversation === this.conversation.id;
    if (mine) this.log.progress(message, state, detail);
    if (this.feed && mine && state === 'sent') this.feed.expect(detail);
    if (this.feed && state === 'failed') this.feed.doubt();
    this.panel.greet(Boolean(this.conversation));
  }

  receive(event, isNew) {
    if (event.client_id) this.store.drop(event.client_id);
    if (event.from === 'customer' && event.text) this.nameConversation(event.text);
    const added = this.log.add(event);
    this.panel.live.take(event);
    if (!added || event.from === 'customer') return;
    if (event.type === 'status' && event.case) this.views.replaceCards(event.case);
    this.composer.expects(event.form && event.form.field);
    this.see();
    if (event.seq > (this.conversation.seen || 0) && !(this.panel.isOpen && !document.hidden)) {
      this.unread++;
      if (!this.panel.isOpen) this.ctx.unread(this.unread);
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
    if (!this.panel.isOpen || document.hidden || !this.conversation) return;
    this.unread = 0;
    clearTimeout(this.seeing);
    this.seeing = setTimeout(() => {
      if (!this.feed) return;
      this.panel.live.read(this.feed.after);
      if (!(this.feed.after > (this.conversation.seen || 0))) return;
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
      if (other && (document.hidden || !this.conversation || !this.panel.isOpen)) this.adopt(current);
      else if (current && !other) this.conversation.seen = Math.max(this.conversation.seen || 0, current.seen || 0);
    } else if (name === `rated:${this.id}`) {
      if (this.panel.live.rating) this.panel.live.rating.sync();
    } else if (name.startsWith('out:')) {
      const message = this.store.get(name);
      if (message && (message.conversation === null || message.conversation === this.id)) { this.log.progress(message, 'sending'); this.panel.greet(Boolean(this.conversation)); }
    } else if (name === `draft:${this.id}` && (document.hidden || this.ctx.shadow.activeElement !== this.composer.box)) {
      this.composer.text = this.store.get(name, '');
    }
  }
}
