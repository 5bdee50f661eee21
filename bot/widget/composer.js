/* Where the customer writes, and the files that wait for the next case. */
import { h, icon, iconButton } from './dom.js';

const TALLEST = 8;  // lines the box grows to

export class Composer {
  /** @param {{texts: object, limits: object, announce: (text: string) => void, send: (text: string, files: Attachment[]) => void, changed: (text: string) => void, attach: (files: FileList) => void, files: () => (Files|null)}} parts
   *   `files` are those that go along with the next message; null where they wait for a case */
  constructor(parts) {
    Object.assign(this, parts);
    const { texts } = this;
    const t = (key, values) => texts.t(key, values);
    this.limit = this.limits.message;
    this.box = h('textarea', { id: 'guichet-message', rows: '1', placeholder: t('composer.placeholder'), autocomplete: 'off', enterkeyhint: 'send', 'aria-describedby': 'guichet-counter', dir: 'auto' });
    this.counter = h('span', { class: 'counter', id: 'guichet-counter', hidden: true });
    this.button = iconButton('send', t('composer.send'), () => this.submit(), { class: 'icon-button send' });
    this.picker = h('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1', onchange: () => { this.attach(this.picker.files); this.picker.value = ''; } });
    this.node = h('form', { class: 'composer', onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h('label', { class: 'visually-hidden', for: 'guichet-message' }, t('composer.label')),
      h('div', { class: 'field-row' }, iconButton('attach', t('files.add'), () => this.picker.click()), this.box, this.counter, this.button), this.picker);
    this.box.addEventListener('input', () => { this.fit(); this.changed(this.box.value); });
    this.box.addEventListener('keydown', (event) => {
      // 229: some input methods report the Enter that ends a composition without isComposing.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      if (!event.repeat) this.submit();
    });
    this.fit();
  }

  get text() { return this.box.value; }

  set text(value) {
    this.box.value = value;
    this.fit();
  }

  /** Which keyboard a phone shows while a form in the conversation asks for a field. */
  expects(field) { this.box.inputMode = { email: 'email', phone: 'tel', severity: 'numeric' }[field] || ''; }

  submit() {
    const text = this.box.value.trim();
    const files = this.files(), done = files ? files.done : [];
    const busy = files && files.busy;
    if (busy) this.announce(this.texts.t('files.wait'), true);
    if (busy || (!text && !done.length) || [...text].length > this.limit) {
      this.box.focus();
      return;
    }
    this.text = '';
    this.changed('');
    this.send(text, done);
    if (done.length) files.taken();
    this.box.focus();
  }

  fit() {
    const { box, texts } = this;
    box.style.height = 'auto';
    const line = parseFloat(getComputedStyle(box).lineHeight) || 22;
    box.style.height = `${Math.min(box.scrollHeight, line * TALLEST)}px`;
    const length = box.value.length > this.limit / 2 ? [...box.value].length : box.value.length;
    const left = this.limit - length;
    const near = left < this.limit / 10;
    this.counter.hidden = !near;
    this.counter.textContent = near ? texts.t('composer.left', { count: left, number: texts.number(left) }) : '';
    this.counter.classList.toggle('over', left < 0);
    box.setAttribute('aria-invalid', left < 0);
    if (left < 0 && !this.over) this.announce(texts.t('composer.tooLong', { limit: texts.number(this.limit) }));
    this.over = left < 0;
    const files = this.files();
    this.button.setAttribute('aria-disabled', (!box.value.trim() && !(files && files.done.length)) || left < 0);
  }
}

/** @typedef {{id: string, name: string, type: string, size: number}} Attachment */

/** Files of one conversation: uploaded at once, kept until a message to a person or a case takes them along. Shown
    wherever a tray is asked for. */
export class Files {
  /** @param {{texts: object, limits: object, api: object, announce: (text: string) => void, conversation: () => Promise<object>, kept: Attachment[], keep: (files: Attachment[]) => void, withMessage: () => boolean, changed: () => void}} parts */
  constructor(parts) {
    Object.assign(this, parts);
    this.most = this.limits.attachment_count;
    this.largest = this.limits.attachment_bytes;
    this.items = this.kept.map((done) => ({ name: done.name, size: done.size, done }));
    this.trays = [];
  }

  /** @returns {Attachment[]} the uploaded ones */
  get done() { return this.items.filter((item) => item.done).map((item) => item.done); }

  get ids() { return this.done.map(({ id }) => id); }

  get busy() { return this.items.some((item) => !item.done && !item.error); }

  tray() {
    const node = h('div', { class: 'tray' });
    this.trays.push(node);
    this.show();
    return node;
  }

  add(files) {
    for (const file of files) {
      const item = { name: file.name || 'image.png', size: file.size, file, share: 0 };
      if (this.items.filter((one) => !one.error).length >= this.most) item.error = this.texts.t('files.tooMany', { count: this.most });
      else if (file.size > this.largest) item.error = this.texts.t('files.tooLarge', { limit: this.texts.bytes(this.largest) });
      else if (!file.size) item.error = this.texts.t('files.empty');
      this.items.push(item);
      if (item.error) this.announce(`${item.name} : ${item.error}`);
      else this.upload(item);
    }
    this.show();
  }

  async upload(item) {
    item.error = '';
    item.abort = new AbortController();
    this.show();
    try {
      item.done = await this.api.upload(await this.conversation(), item.file, (share) => { item.share = share; this.show(); }, item.abort.signal);
      if (!this.items.includes(item)) return this.discard(item);
      this.announce(this.texts.t('files.added', { name: item.name }));
    } catch (error) {
      item.error = error.status ? error.message || this.texts.t('files.failed') : this.texts.t('files.failed');
      item.again = !error.status || error.passing;
      if (this.items.includes(item)) this.announce(`${item.name} : ${item.error}`);
    }
    this.save();
  }

  remove(item) {
    this.items = this.items.filter((one) => one !== item);
    if (item.abort && !item.done) item.abort.abort();
    if (item.done) this.discard(item);
    this.announce(this.texts.t('files.removed', { name: item.name }));
    this.save();
  }

  async discard(item) {
    await this.api.removeFile(await this.conversation(), item.done.id).catch(() => {});  // a lost one is no case's without being named
  }

  /** A message that took them could not be sent. */
  restore(files) {
    this.items.push(...files.map((done) => ({ name: done.name, size: done.size, done })));
    this.save();
  }

  /** A message or a case has taken them. */
  taken() {
    this.items = this.items.filter((item) => !item.done);
    this.save();
  }

  save() {
    this.keep(this.done);
    this.show();
  }

  show() {
    const t = (key, values) => this.texts.t(key, values);
    this.trays = this.trays.filter((tray) => tray.isConnected || !tray.dataset.shown);
    for (const tray of this.trays) {
      tray.hidden = !this.items.length;
      tray.dataset.shown = 'yes';
      const active = tray.getRootNode().activeElement;
      const had = active && tray.contains(active);
      tray.replaceChildren(...this.items.map((item) => h('div', { class: `file${item.error ? ' failed' : ''}` },
        icon(item.error ? 'warn' : 'file'),
        h('span', { class: 'file-text' }, h('bdi', { class: 'file-name' }, item.name), h('span', { class: 'file-note' }, item.error || this.texts.bytes(item.size)),
          !item.done && !item.error && h('progress', { max: '1', value: item.share, 'aria-label': t('files.progress', { name: item.name }) })),
        item.again && item.error && iconButton('retry', t('files.retry', { name: item.name }), () => this.upload(item)),
        iconButton('close', t('files.remove', { name: item.name }), () => this.remove(item)))),
      this.items.length && h('p', { class: 'tray-note' }, t(this.withMessage() ? 'files.along' : 'files.note')));
      if (had) { const next = tray.querySelector('button'); if (next) next.focus(); }
    }
    this.changed();
  }
}
