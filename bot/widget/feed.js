/* A conversation's events as they come: a stream that resumes where it broke off, or polling where no stream passes. */
import { ApiError } from './api.js';

const SILENCE = 75_000;      // ms; the server shows a sign of life at least every minute
const FIRST_BYTE = 6_000;    // the server greets at once
const POLL = 3_000;
const POLL_HIDDEN = 30_000;
const HIDDEN = 60_000;       // in the background for this long: poll
const STREAM_AGAIN = 60_000; // while polling, how long until a stream is tried again
const LONGEST_WAIT = 30_000;

/** Full jitter around a doubling wait, in ms. */
export const backOff = (attempt, first = 500, longest = LONGEST_WAIT) => {
  const wait = Math.min(longest, first * 2 ** Math.min(attempt, 10));
  return wait / 2 + Math.random() * wait / 2;
};

export class Feed {
  /**
   * @param {import('./api.js').Api} api
   * @param {import('./store.js').Conversation} conversation
   * @param {{event: (event: object) => void, typing: (sign: object) => void, read: (seq: number) => void, online: (online: boolean) => void, expired: () => void, caughtUp: () => void}} tell
   */
  constructor(api, conversation, tell) {
    Object.assign(this, { api, conversation, tell, after: 0, polling: false, failures: 0, barren: 0, stopped: false });
    this.wakeUp = () => {};
    this.woken = () => this.nudge();
    this.seen = () => {
      clearTimeout(this.hiding);
      // Browsers allow six connections to a server: tabs in the background must not use them all up.
      if (document.hidden) this.hiding = setTimeout(() => this.usePolling(), HIDDEN);
      else { this.polling = this.polling && this.barren > 1; this.nudge(); }
    };
    this.gone = () => this.doubt();
    addEventListener('online', this.woken);
    addEventListener('offline', this.gone);
    document.addEventListener('visibilitychange', this.seen);
    this.run();
  }

  stop() {
    this.stopped = true;
    removeEventListener('online', this.woken);
    removeEventListener('offline', this.gone);
    document.removeEventListener('visibilitychange', this.seen);
    clearTimeout(this.hiding);
    if (this.abort) this.abort.abort();
    this.wakeUp();
  }

  /** Try now instead of waiting on. */
  nudge() { this.wakeUp(); }

  /** Something says that there is no connection: see whether the stream is still one. */
  doubt() {
    if (!this.failures && this.abort) this.abort.abort();
  }

  /** After a message was acknowledged: a stream that does not bring it in time is none. */
  async expect(seq) {
    await this.sleep(4000, false);
    if (this.stopped || this.after >= seq || this.failures) return;
    try {
      this.take(await this.api.events(this.conversation, this.after));
      if (!this.polling) { this.barren = 2; this.usePolling(); }
    } catch { /* the stream's own loop notices */ }
  }

  usePolling() {
    this.polling = true;
    this.pollingSince = Date.now();
    if (this.abort) this.abort.abort();
  }

  async run() {
    while (!this.stopped) {
      const polled = this.polling;
      try {
        await this.poll();
        if (polled) {
          await this.sleep(document.hidden ? POLL_HIDDEN : POLL);
          if (!document.hidden && Date.now() - this.pollingSince > STREAM_AGAIN) this.polling = false;
        } else {
          await this.stream();
        }
      } catch (error) {
        if (this.stopped || (!polled && this.polling)) continue;
        if (error.expired) {
          this.stopped = true;
          this.tell.expired();
          return;
        }
        this.failures++;
        this.tell.online(false);
        await this.sleep(Math.max(backOff(this.failures - 1), (error.wait || 0) * 1000));
      }
    }
  }

  async poll() {
    const events = await this.api.events(this.conversation, this.after);
    this.failures = 0;
    this.tell.online(true);
    this.take(events);
    this.tell.caughtUp();
  }

  /** Read the stream until it ends, which it does only by failing. */
  async stream() {
    this.abort = new AbortController();
    const decoder = new TextDecoder();
    let rest = '', watchdog, bytes = 0, answered = false, reader;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => this.abort.abort(), bytes ? SILENCE : FIRST_BYTE);
    };
    try {
      alive();
      const answer = await this.api.stream(this.conversation, this.after, this.abort.signal);
      if (!(answer.headers.get('Content-Type') || '').startsWith('text/event-stream')) throw new ApiError(0);
      answered = true;
      reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.stopped) throw new ApiError(0);
        bytes += value.length;
        alive();
        const blocks = (rest + decoder.decode(value, { stream: true })).replace(/\r\n/g, '\n').split('\n\n');
        rest = blocks.pop();
        blocks.forEach((block) => this.read(block));
      }
    } finally {
      clearTimeout(watchdog);
      if (reader) reader.cancel().catch(() => {});
      // Something on the way collects what should flow, or lets no stream pass at all.
      this.barren = bytes ? 0 : this.barren + (answered ? 2 : 1);
      if (this.barren > 1 && !this.stopped) this.usePolling();
    }
  }

  read(block) {
    const lines = block.split('\n');
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
    if (!data) return;
    let event;
    try { event = JSON.parse(data); } catch { return; }
    if (event.type === 'typing') this.tell.typing(event);
    else if (lines.includes('event: read')) this.tell.read(event.seq);
    else this.take([event]);
  }

  take(events) {
    for (const event of events) {
      if (!(event.seq > this.after)) continue;
      this.after = event.seq;
      this.tell.event(event);
    }
  }

  /** Wait `ms`; a nudge ends it early unless `deaf`. */
  sleep(ms, nudgeable = true) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      if (nudgeable) this.wakeUp = () => { clearTimeout(timer); resolve(); };
    });
  }
}
