/* After a person has closed the conversation: how it was, and the transcript by mail. */
import { h, icon } from './dom.js';

const STARS = [1, 2, 3, 4, 5];

/** The card below the event that closed the conversation. Kept in this browser: what was answered, which can be changed. */
export class Rating {
  constructor(panel, seq) {
    const { store, session, t } = panel;
    Object.assign(this, { panel, t, seq, store, key: `rated:${session.id}`, conversation: session.conversation });
    const { kept } = this;
    this.score = kept ? kept.score : 0;
    this.words = h('textarea', { id: `guichet-words-${seq}`, rows: '2', maxlength: '1000', dir: 'auto' });
    this.words.value = (kept && kept.text) || '';
    this.word = h('span', { class: 'rate-word', 'aria-hidden': 'true' });
    this.more = h('div', { class: 'field rate-more' }, h('label', { for: this.words.id }, t('live.rate.words'), ' ', h('span', { class: 'optional' }, t('form.optional'))), this.words);
    this.error = h('p', { class: 'error', role: 'alert' });
    this.send = h('button', { type: 'submit', class: 'button' }, t('live.rate.send'));
    this.form = h('form', { class: 'rate', novalidate: true, onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h('fieldset', { class: 'rate-stars' }, h('legend', null, t('live.rate.title')), STARS.map((score) => h('label', { class: 'rate-star', title: t(`live.rate.${score}`) },
        h('input', { type: 'radio', name: `guichet-score-${seq}`, value: String(score), checked: score === this.score, onchange: () => { this.score = score; this.draw(); this.node.scrollIntoView({ block: 'nearest' }); } }),
        icon('star'), h('span', { class: 'visually-hidden' }, this.said(score)))), this.word),
      this.more, this.error, this.send);
    this.node = h('div', { class: 'live-card' }, this.form,
      panel.ctx.config.transcripts && h('button', { type: 'button', class: 'text-button', onclick: () => panel.views.transcript() }, icon('ticket'), t('live.transcript.way')));
    this.draw();
    if (kept) this.thank();
    panel.log.put(this.node, seq);
  }

  /** What was answered, in this tab or another. */
  get kept() {
    const kept = this.store.get(this.key);
    return kept && kept.seq === this.seq ? kept : null;
  }

  /** Another tab has answered. */
  sync() {
    const { kept, form } = this;
    if (!kept || !form.isConnected) return;
    this.score = kept.score;
    this.words.value = kept.text || '';
    form.querySelector(`[value="${kept.score}"]`).checked = true;
    this.draw();
    this.thank();
  }

  said(score) { return this.t('live.rate.of', { score, word: this.t(`live.rate.${score}`) }); }

  /** Words and the button to send them come with the first star. */
  draw() {
    this.more.hidden = this.send.hidden = !this.score;
    this.word.textContent = this.score ? this.t(`live.rate.${this.score}`) : '';
  }

  async submit() {
    const { panel, t, score, seq, send, error } = this;
    if (send.getAttribute('aria-disabled')) return;
    send.setAttribute('aria-disabled', 'true');
    error.textContent = '';
    const text = this.words.value.trim();
    try {
      await panel.api.sign(this.conversation, 'satisfaction', { score, ...(text && { text }) });
      this.store.set(this.key, { seq, score, text });
      this.thank().focus({ preventScroll: true });
      panel.announce(t('live.rate.thanks'));
    } catch (failure) {
      error.textContent = (failure.status && failure.message) || t('live.failed');
    }
    send.removeAttribute('aria-disabled');
  }

  /** @returns {HTMLElement} what has the focus next */
  thank() {
    const { t, form, score } = this;
    const again = h('button', { type: 'button', class: 'text-button', onclick: () => { thanks.replaceWith(form); form.querySelector('input:checked').focus(); } }, t('live.rate.change'));
    const thanks = h('div', { class: 'thanks' }, h('span', { class: 'thanks-stars', role: 'img', 'aria-label': this.said(score) }, STARS.slice(0, score).map(() => icon('star'))), h('span', null, t('live.rate.thanks')), again);
    this.answered = true;
    form.replaceWith(thanks);
    return again;
  }

  /** The talk goes on: a question that nobody answered goes, an answer stays. */
  drop() { if (!this.answered) this.node.remove(); }
}

/** Where the transcript is to go. */
export function transcriptForm(panel) {
  const { store, session, t } = panel;
  const kept = store.get(`form:${session.id}`, {}), shared = kept.shared || {};
  const input = h('input', { id: 'guichet-transcript', type: 'email', autocomplete: 'email', inputmode: 'email', maxlength: '320', dir: 'ltr', 'aria-required': 'true', 'aria-describedby': 'guichet-transcript-error' });
  const error = h('p', { class: 'error', id: 'guichet-transcript-error', role: 'alert' });
  const send = h('button', { type: 'submit', class: 'button wide' }, t('live.transcript.send'));
  const field = h('div', { class: 'field' }, h('label', { for: input.id }, t('form.email'), h('span', { class: 'star', 'aria-hidden': 'true' }, ' *')), input, error);
  const wrong = (text) => {
    error.textContent = text;
    field.classList.toggle('wrong', Boolean(text));
    input.setAttribute('aria-invalid', Boolean(text));
    if (text) input.focus();
  };
  input.value = shared.email || '';
  const submit = async () => {
    const email = input.value.trim();
    if (send.getAttribute('aria-disabled')) return;
    wrong(/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? '' : t(email ? 'form.error.email' : 'form.error.required'));
    if (error.textContent) return;
    send.setAttribute('aria-disabled', 'true');
    try {
      await panel.api.sign(await session.ensure(), 'transcript', { email });
      store.set(`form:${session.id}`, { ...kept, shared: { phone: '', ...shared, email } });
      panel.views.home();
      panel.announce(t('live.transcript.sent', { email }), true);
    } catch (failure) {
      wrong((failure.status && failure.message) || t('live.failed'));
    }
    send.removeAttribute('aria-disabled');
  };
  return h('form', { class: 'case-form', novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } }, h('p', { class: 'lead' }, t('live.transcript.lead')), field, send);
}
