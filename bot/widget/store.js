/* What this site's storage keeps: conversations, unsent texts, messages on their way, files, half-filled forms.
   Every message on its way has a key of its own, so that two tabs never overwrite each other's. */

const KEPT = 20;  // conversations

/** @typedef {{id: string, token: string, lang: string, at: string, zone?: string, title?: string, seen?: number}} Conversation */
/** @typedef {{client_id: string, conversation: string|null, text: string, button?: string, attachments?: object[], at: string}} Message */

export class Store {
  /** @param {string} prefix of every key */
  constructor(prefix) {
    this.prefix = prefix;
    this.memory = new Map();  // for browsers that refuse storage
  }

  get(name, otherwise = null) {
    const key = this.prefix + name;
    try {
      const text = localStorage.getItem(key);
      return text === null ? (this.memory.has(key) ? this.memory.get(key) : otherwise) : JSON.parse(text);
    } catch {
      return this.memory.has(key) ? this.memory.get(key) : otherwise;
    }
  }

  set(name, value) {
    const key = this.prefix + name;
    const gone = value === null || value === undefined || value === '';
    try {
      if (gone) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify(value));
      this.memory.delete(key);
    } catch {
      this.memory.set(key, value);
    }
  }

  /** Tell about changes by other tabs: the name of what changed. @returns {() => void} stop */
  watch(changed) {
    const listener = (event) => {
      if (event.storageArea === localStorage && event.key && event.key.startsWith(this.prefix)) changed(event.key.slice(this.prefix.length));
    };
    addEventListener('storage', listener);
    return () => removeEventListener('storage', listener);
  }

  // conversations

  /** @returns {{current: string|null, items: Conversation[]}} */
  get book() { return this.get('conversations', { current: null, items: [] }); }

  /** @returns {Conversation|null} */
  get current() {
    const { current, items } = this.book;
    return items.find((one) => one.id === current) || null;
  }

  add(conversation) {
    const { items } = this.book;
    const kept = [conversation, ...items.filter((one) => one.id !== conversation.id)];
    kept.slice(KEPT).forEach(({ id }) => this.clean(id));
    this.set('conversations', { current: conversation.id, items: kept.slice(0, KEPT) });
  }

  select(id) { this.set('conversations', { ...this.book, current: id }); }

  update(id, change) {
    const { current, items } = this.book;
    this.set('conversations', { current, items: items.map((one) => (one.id === id ? { ...one, ...change } : one)) });
  }

  forget(id) {
    const { current, items } = this.book;
    this.clean(id);
    this.set('conversations', { current: current === id ? null : current, items: items.filter((one) => one.id !== id) });
  }

  clean(id) { ['draft', 'form', 'files', 'rated'].forEach((what) => this.set(`${what}:${id}`, null)); }

  /** What was typed before there was a conversation belongs to the first one. */
  claim(id) { this.hand('new', id); }

  /** What was typed in a conversation that is gone is kept for the next one; its buttons and files lead nowhere any more. */
  release(id) {
    this.hand(id, 'new');
    for (const message of this.outbox(id)) {
      if (message.button || !message.text) this.drop(message.client_id);
      else this.put({ ...message, conversation: null, attachments: undefined });
    }
    this.forget(id);
  }

  /** Drafts go from one conversation to another. */
  hand(from, to) {
    for (const what of ['draft', 'form']) {
      const kept = this.get(`${what}:${from}`);
      if (kept !== null) this.set(`${what}:${to}`, kept);
      this.set(`${what}:${from}`, null);
    }
  }

  // messages on their way

  /** @returns {Message[]} of one conversation (null: of none yet) or of all, oldest first */
  outbox(conversation) {
    const start = `${this.prefix}out:`;
    let keys = [...this.memory.keys()];
    try { keys = keys.concat(Object.keys(localStorage)); } catch { /* storage refused */ }
    return keys.filter((key) => key.startsWith(start))
      .map((key) => this.get(key.slice(this.prefix.length)))
      .filter((message) => message && (conversation === undefined || message.conversation === conversation))
      .sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  put(message) { this.set(`out:${message.client_id}`, message); }

  drop(clientId) { this.set(`out:${clientId}`, null); }

  waiting(clientId) { return this.get(`out:${clientId}`) !== null; }
}
