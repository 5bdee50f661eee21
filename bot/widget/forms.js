/* The widget's own forms: ticket, callback, SLA request. They need the web process alone. */
import { backOff } from './feed.js';
import { h, icon, uuid } from './dom.js';

export const KINDS = ['ticket', 'callback', 'sla'];
const LEVEL = { ticket: 1, callback: 2, sla: 3 };
const ATTEMPTS = 4;

/** Fields of each kind, in order; `*` marks the required ones. */
const FIELDS = {
  ticket: ['email*', 'subject*', 'text*'],
  callback: ['phone*', 'slot*', 'subject*', 'text'],
  sla: ['email*', 'phone', 'contract*', 'severity*', 'system*', 'text*', 'external'],
};
const INPUTS = {
  email: { type: 'email', autocomplete: 'email', inputmode: 'email', maxlength: 320 },
  phone: { type: 'tel', autocomplete: 'tel', inputmode: 'tel', maxlength: 40 },
  subject: { type: 'text', maxlength: 150 },
  contract: { type: 'text', maxlength: 60, autocapitalize: 'characters', spellcheck: 'false' },
  system: { type: 'text', maxlength: 200 },
};

export class CaseForm {
  /**
   * @param {object} parts texts, api, files, announce, conversation() → Promise, kept (values), keep(values), done(case),
   *   expired(), example (of a contract number), and what is asked for: kind, level, topic
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.level = this.level || LEVEL[this.kind];
    this.values = { ...(this.kept || {}) };
    this.fields = {};
    const t = this.t = (key, values) => this.texts.t(key, values);
    this.summary = h('div', { class: 'form-error', role: 'alert', tabindex: '-1' });
    this.submit = h('button', { type: 'submit', class: 'button wide' }, t(`kinds.${this.kind}.send`));
    this.attachButton = h('button', { type: 'button', class: 'button quiet attach', onclick: () => this.pick() }, icon('attach'), t('files.add'));
    this.node = h('form', { class: 'case-form', novalidate: true, onsubmit: (event) => { event.preventDefault(); this.send(); } },
      h('p', { class: 'lead' }, t(`kinds.${this.kind}.lead`)), this.summary,
      FIELDS[this.kind].map((name) => this.field(name.replace('*', ''), name.endsWith('*'))),
      this.files.tray(), this.attachButton,
      h('p', { class: 'hint' }, t('form.required')), this.submit);
    this.node.addEventListener('input', () => this.save());
    if (this.kind === 'callback') this.loadSlots();
  }

  field(name, required) {
    if (name === 'severity') return this.severity();
    if (name === 'slot') return this.slots();
    if (name === 'external') return this.checkbox(name);
    const { t } = this;
    const id = `guichet-${name}`, hint = this.hint(name);
    const input = name === 'text'
      ? h('textarea', { id, name, rows: '5', maxlength: '10000', dir: 'auto' })
      : h('input', { id, name, dir: INPUTS[name].type === 'text' ? 'auto' : 'ltr', ...INPUTS[name] });
    if (required) input.setAttribute('aria-required', 'true');
    input.value = this.values[name] || '';
    return this.shell(name, input, h('div', { class: 'field' }, h('label', { for: id }, t(`form.${name}`), required ? h('span', { class: 'star', 'aria-hidden': 'true' }, ' *') : h('span', { class: 'optional' }, ` ${t('form.optional')}`)),
      hint && h('p', { class: 'hint', id: `${id}-hint` }, hint), input), id, required, Boolean(hint));
  }

  hint(name) {
    const key = `form.hint.${name}`, text = this.t(key, { example: this.example });
    return text === key ? '' : text;
  }

  shell(name, input, node, id, required, hint) {
    const error = h('p', { class: 'error', id: `${id}-error`, hidden: true });
    node.append(error);
    input.setAttribute('aria-describedby', `${hint ? `${id}-hint ` : ''}${id}-error`);
    this.fields[name] = { name, input, node, error, required };
    return node;
  }

  options(name, choices) {
    return choices.map(({ value, label, note }) => h('label', { class: 'option' },
      h('input', { type: 'radio', name, value, checked: String(this.values[name]) === String(value) || null }), h('span', { class: 'option-text' }, label, note && h('small', null, note))));
  }

  group(name, children, className = '') {
    const id = `guichet-${name}`, hint = this.hint(name);
    const set = h('fieldset', { class: `field ${className}`, id, role: 'radiogroup', 'aria-required': 'true', tabindex: '-1' },
      h('legend', null, this.t(`form.${name}`), h('span', { class: 'star', 'aria-hidden': 'true' }, ' *')), hint && h('p', { class: 'hint', id: `${id}-hint` }, hint), children);
    return this.shell(name, set, set, id, true, Boolean(hint));
  }

  severity() {
    return this.group('severity', h('div', { class: 'options' }, this.options('severity', [1, 2, 3, 4].map((value) => ({ value, label: this.t(`severity.${value}`) })))));
  }

  slots() {
    this.slotList = h('div', { class: 'slots', 'aria-busy': 'true' }, h('p', { class: 'hint' }, this.t('slots.loading')));
    return this.group('slot', this.slotList, 'slot-field');
  }

  async loadSlots() {
    const { t, texts, slotList } = this;
    let slots;
    try {
      slots = await this.api.slots(await this.conversation());
    } catch (error) {
      if (error.expired) return this.expired();
      slotList.replaceChildren(h('p', { class: 'hint' }, t('slots.failed'), ' ', h('button', { type: 'button', class: 'text-button', onclick: () => this.loadSlots() }, t('log.retry'))));
      return;
    } finally {
      slotList.removeAttribute('aria-busy');
    }
    if (!slots.length) {
      slotList.replaceChildren(h('p', { class: 'hint' }, t('slots.none')));
      return;
    }
    const days = new Map();
    for (const { start } of slots) {
      const date = new Date(start), day = texts.date(date);
      days.set(day, [...(days.get(day) || []), { value: start, label: texts.time(start) }]);
    }
    slotList.replaceChildren(
      ...[...days].map(([day, choices], at) => h('div', { class: 'slot-day', role: 'group', 'aria-label': day }, h('p', { class: 'slot-date', id: `guichet-day-${at}` }, day), h('div', { class: 'slot-times' }, this.options('slot', choices)))),
      h('p', { class: 'hint' }, t('slots.zone', { zone: texts.zone.replace(/_/g, ' ') })));
  }

  checkbox(name) {
    const id = `guichet-${name}`;
    const input = h('input', { type: 'checkbox', id, name, 'aria-labelledby': `${id}-label`, checked: this.values[name] || this.level === 4 || null });
    const node = h('div', { class: 'field check' }, h('label', { class: 'option' }, input,
      h('span', { class: 'option-text' }, h('span', { id: `${id}-label` }, this.t(`form.${name}`)), h('small', { id: `${id}-hint` }, this.t(`form.hint.${name}`)))));
    return this.shell(name, input, node, id, false, true);
  }

  pick() {
    const picker = h('input', { type: 'file', multiple: true });
    picker.addEventListener('change', () => this.files.add(picker.files));
    picker.click();
  }

  read() {
    const values = {};
    for (const [name, { input }] of Object.entries(this.fields)) {
      if (input.tagName === 'FIELDSET') values[name] = (input.querySelector('input:checked') || { value: '' }).value;
      else values[name] = input.type === 'checkbox' ? input.checked : input.value.trim();
    }
    return values;
  }

  save() {
    this.values = { ...this.values, ...this.read() };
    this.keep(this.values);
  }

  /** What can be said before the server is asked. @returns {Object<string, string>} sentence by field */
  faults(values) {
    const found = {};
    for (const { name, required, input } of Object.values(this.fields)) {
      if (required && !values[name]) found[name] = this.t('form.error.required');
      else if (name === 'email' && values.email && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(values.email)) found.email = this.t('form.error.email');
      else if (name === 'phone' && values.phone && values.phone.replace(/\D/g, '').length < 6) found.phone = this.t('form.error.phone');
      else if (input.tagName !== 'FIELDSET' && required && (name === 'subject' || name === 'text') && [...values[name]].length < 3) found[name] = this.t('form.error.short');
    }
    return found;
  }

  show(faults, general) {
    const wrong = Object.values(this.fields).filter(({ name }) => faults[name]);
    for (const { name, input, error, node } of Object.values(this.fields)) {
      error.textContent = faults[name] || '';
      error.hidden = !faults[name];
      node.classList.toggle('wrong', Boolean(faults[name]));
      if (faults[name]) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    }
    this.summary.textContent = general || (wrong.length ? this.t('form.error.summary', { count: wrong.length }) : '');
    if (wrong.length) (wrong[0].input.tagName === 'FIELDSET' ? wrong[0].input.querySelector('input') || wrong[0].input : wrong[0].input).focus();
    else if (general) this.summary.focus();
  }

  async send() {
    if (this.sending) return;
    const values = this.read();
    const faults = this.faults(values);
    this.show(faults);
    if (Object.keys(faults).length) return;
    if (this.files.busy) { this.show({}, this.t('files.wait')); return; }
    this.sending = true;
    this.submit.setAttribute('aria-disabled', 'true');
    this.submit.replaceChildren(h('span', { class: 'spinner', 'aria-hidden': 'true' }), this.t('form.sending'));
    try {
      const conversation = await this.conversation();
      const opened = await this.post(conversation, this.fieldsOf(values));
      this.keep(null);
      this.files.taken();
      this.done(opened);
    } catch (error) {
      this.fail(error);
    } finally {
      this.sending = false;
      this.submit.removeAttribute('aria-disabled');
      this.submit.replaceChildren(this.t(`kinds.${this.kind}.send`));
    }
  }

  fieldsOf({ external, severity, ...values }) {
    const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
    const level = this.kind === 'sla' ? (external ? 4 : 3) : this.level;
    return { kind: this.kind, level, lang: this.texts.lang, ...(this.topic && { topic: this.topic }), ...(severity && { severity: Number(severity) }), ...filled, attachments: this.files.ids };
  }

  /** The key is kept with the values until the case is there, so that pressing again cannot make a second one. */
  async post(conversation, fields) {
    this.values.key = this.values.key || uuid();
    this.keep({ ...this.values, ...this.read() });
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.api.openCase(conversation, this.values.key, fields);
      } catch (error) {
        if (!error.passing || error.status === 429 || attempt + 1 >= ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, backOff(attempt)));
      }
    }
  }

  fail(error) {
    if (error.expired) {
      this.expired();
      return;
    }
    if (error.status === 409) {
      // The first attempt arrived after all, with other words: it is in the list of cases.
      this.keep(null);
      this.values.key = null;
      this.show({}, `${error.message} ${this.t('form.error.already')}`);
      return;
    }
    if (error.field && this.fields[error.field]) {
      if (error.field === 'slot') this.loadSlots();
      this.show({ [error.field]: error.message || this.t('form.error.value') });
      return;
    }
    this.show({}, error.status && error.message ? error.message : this.t('form.error.offline'));
  }
}
