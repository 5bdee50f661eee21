/* The chat API, as docs/architecture.md has it. */

/** An answer other than success, or none at all (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {{code?: string, message?: string, field?: string}} [body] @param {number} [wait] seconds */
  constructor(status, body = {}, wait = 0) {
    super(body.message || '');
    this.status = status;
    this.code = body.code || '';
    this.field = body.field || null;
    this.wait = wait;
  }

  /** Worth another try, unchanged. */
  get passing() { return this.status === 0 || this.status === 408 || this.status === 425 || this.status === 429 || this.status >= 500; }

  /** The conversation is not (or no longer) there, or its token opens nothing. */
  get expired() { return [401, 403, 404, 410].includes(this.status); }
}

const SECONDS = 20;

export class Api {
  /** @param {string} base @param {string} lang */
  constructor(base, lang) {
    this.base = base;
    this.lang = lang;
  }

  /** @returns {Promise<Response>} an answer of success; ApiError otherwise */
  async request(method, path, { token, json, headers = {}, signal, seconds = SECONDS } = {}) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), seconds * 1000);
    if (signal) signal.addEventListener('abort', () => abort.abort());
    let answer;
    try {
      answer = await fetch(this.base + path, {
        method, signal: abort.signal, cache: 'no-store', credentials: 'omit',
        headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(json && { 'Content-Type': 'application/json' }), 'Accept-Language': this.lang, ...headers },
        body: json && JSON.stringify(json),
      });
    } catch {
      throw new ApiError(0);
    } finally {
      clearTimeout(timer);
    }
    if (answer.ok) return answer;
    const body = await answer.json().catch(() => ({}));
    throw new ApiError(answer.status, body.error, Number(answer.headers.get('Retry-After')) || 0);
  }

  async json(...request) {
    const answer = await this.request(...request);
    return answer.json().catch(() => { throw new ApiError(0); });
  }

  /** A new conversation, on this browser's clock. A browser may know a newer time zone than the server does. */
  async create(zone) {
    const begin = (json) => this.json('POST', '/api/conversations', { json: { lang: this.lang, ...json } });
    try {
      return await begin(zone && { time_zone: zone });
    } catch (error) {
      if (error.code !== 'unknown_time_zone') throw error;
      return begin();
    }
  }

  of({ id }) { return `/api/conversations/${id}`; }

  /** The conversation goes on in another language (`lang`) or on another clock (`time_zone`). */
  change(conversation, json) { return this.json('PATCH', this.of(conversation), { token: conversation.token, json, seconds: 5 }); }

  send(conversation, { client_id, text, button, attachments }) {
    const said = button ? { button } : { text, ...(attachments && { attachments: attachments.map(({ id }) => id) }) };
    return this.json('POST', `${this.of(conversation)}/messages`, { token: conversation.token, json: { client_id, ...said } });
  }

  /** A person is asked for. */
  person(conversation) { return this.request('POST', `${this.of(conversation)}/person`, { token: conversation.token, json: {} }); }

  /** Who has the conversation, and how far they have read. */
  state(conversation) { return this.json('GET', `${this.of(conversation)}/state`, { token: conversation.token }); }

  /** Something small that the customer does: typing, read, satisfaction, transcript. */
  sign(conversation, what, json) { return this.request('POST', `${this.of(conversation)}/${what}`, { token: conversation.token, json, seconds: 10 }); }

  async file(conversation, id) {
    return (await this.request('GET', `${this.of(conversation)}/attachments/${encodeURIComponent(id)}`, { token: conversation.token, seconds: 120 })).blob();
  }

  async events(conversation, after, signal) {
    return (await this.json('GET', `${this.of(conversation)}/events?after=${after}`, { token: conversation.token, signal })).events;
  }

  /** The event stream; its body is read by the feed. */
  stream(conversation, after, signal) {
    return this.request('GET', `${this.of(conversation)}/events?after=${after}`, {
      token: conversation.token, signal, headers: { Accept: 'text/event-stream', 'Last-Event-ID': String(after) },
    });
  }

  async slots(conversation) { return (await this.json('GET', `${this.of(conversation)}/slots`, { token: conversation.token })).slots; }

  async cases(conversation) { return (await this.json('GET', `${this.of(conversation)}/cases`, { token: conversation.token })).cases; }

  async openCase(conversation, key, fields) {
    return (await this.json('POST', `${this.of(conversation)}/cases`, { token: conversation.token, json: fields, headers: { 'Idempotency-Key': key } })).case;
  }

  /** What the customer would agree to, word for word. */
  async statement(conversation, ref) {
    return (await this.json('GET', `${this.of(conversation)}/cases/${encodeURIComponent(ref)}/consent`, { token: conversation.token })).statement;
  }

  async consent(conversation, ref, agreed) {
    return (await this.json('POST', `${this.of(conversation)}/cases/${encodeURIComponent(ref)}/consent`, { token: conversation.token, json: { agreed } })).case;
  }

  async calendar(conversation, ref) {
    return (await this.request('GET', `${this.of(conversation)}/cases/${encodeURIComponent(ref)}/calendar.ics`, { token: conversation.token })).blob();
  }

  removeFile(conversation, id) {
    return this.request('DELETE', `${this.of(conversation)}/attachments/${encodeURIComponent(id)}`, { token: conversation.token });
  }

  /** Upload a file. XMLHttpRequest, since fetch cannot tell how far it is. @param {(share: number) => void} progress */
  upload(conversation, file, progress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const form = new FormData();
      form.append('file', file, file.name || 'image.png');
      request.open('POST', `${this.base}${this.of(conversation)}/attachments`);
      request.setRequestHeader('Authorization', `Bearer ${conversation.token}`);
      request.setRequestHeader('Accept-Language', this.lang);
      request.responseType = 'json';
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onload = () => {
        const body = request.response || {};
        if (request.status === 201) resolve(body.attachment);
        else reject(new ApiError(request.status, body.error));
      };
      request.onerror = () => reject(new ApiError(0));
      signal.addEventListener('abort', () => request.abort());
      request.send(form);
    });
  }
}
