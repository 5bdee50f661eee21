/* Messages on their way to the server. Each has its client_id and lies in storage before the first attempt, and stays
   there until the server has acknowledged it: the server takes the same client_id only once. */
import { backOff } from './feed.js';
import { uuid, uuidOf } from './dom.js';

const FAILED_AFTER = 2;  // attempts until a message is shown as not sent (it is still tried)

export class Outbox {
  /**
   * @param {import('./store.js').Store} store
   * @param {import('./api.js').Api} api
   * @param {{conversation: (message: object) => Promise<object>, current: () => (object|null), changed: (message: object, state: string, detail?: any) => void, expired: (conversation: string|null) => void}} ways
   *   states: sending, failed (tried again), sent (detail: seq), refused (detail: ApiError)
   */
  constructor(store, api, ways) {
    Object.assign(this, { store, api, ways, running: false, stopped: false, refused: new Set() });
    this.wakeUp = () => {};
    this.woken = () => this.flush();
    addEventListener('online', this.woken);
  }

  stop() {
    this.stopped = true;
    removeEventListener('online', this.woken);
    this.wakeUp();
  }

  /** @param {{text: string, button?: string, attachments?: object[]}} content @returns {object} the message */
  add({ text, button, attachments = [] }) {
    const current = this.ways.current();
    const message = {
      client_id: button ? uuidOf(`${current && current.id}:${button}`) : uuid(),
      conversation: current && current.id, text, ...(button && { button }), ...(attachments.length && { attachments }), at: new Date().toISOString(),
    };
    if (this.store.waiting(message.client_id)) return message;
    this.store.put(message);
    this.ways.changed(message, 'sending');
    this.flush();
    return message;
  }

  /** Send what lies here, in order, one after the other. */
  async flush() {
    if (this.running) return this.wakeUp();
    this.running = true;
    try {
      for (let attempt = 0; !this.stopped;) {
        const message = this.next();
        if (!message) return;
        let conversation = null;
        try {
          conversation = await this.ways.conversation(message);
          if (message.conversation !== conversation.id && this.store.waiting(message.client_id)) this.store.put({ ...message, conversation: conversation.id });
          const { seq } = await this.api.send(conversation, message);
          attempt = 0;
          this.store.drop(message.client_id);
          this.ways.changed(message, 'sent', seq);
        } catch (error) {
          if (this.stopped) return;
          if (conversation && error.expired) return this.ways.expired(conversation.id);
          if (conversation && !error.passing) {
            this.refused.add(message.client_id);
            this.ways.changed(message, 'refused', error);
            continue;
          }
          if (++attempt >= FAILED_AFTER) this.ways.changed(message, 'failed');
          await this.sleep(Math.max(backOff(attempt - 1, 700), (error.wait || 0) * 1000));
        }
      }
    } finally {
      this.running = false;
    }
  }

  next() { return this.store.outbox().find((message) => !this.refused.has(message.client_id)); }

  /** The customer presses "try again" or takes a refused message back. */
  retry(message) {
    this.refused.delete(message.client_id);
    this.ways.changed(message, 'sending');
    this.flush();
  }

  discard(message) {
    this.refused.delete(message.client_id);
    this.store.drop(message.client_id);
  }

  sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => { clearTimeout(timer); resolve(); };
    });
  }
}
