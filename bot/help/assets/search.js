/* Answers as one types: the search form becomes a combobox with a list (ARIA Authoring Practices); Enter without a
   choice still sends the form. */
const WAIT = 120;  // ms without a key before the server is asked

class Search {
  constructor(form) {
    this.form = form;
    this.input = form.querySelector('input[type=search]');
    this.lang = form.elements.lang.value;
    this.plural = new Intl.PluralRules(this.lang);
    this.asked = 0;     // number of the last question
    this.options = [];
    this.active = -1;
    this.list = document.createElement('ul');
    Object.assign(this.list, { id: 'suggestions', hidden: true, className: 'suggestions' });
    this.list.setAttribute('role', 'listbox');
    this.list.setAttribute('aria-label', form.dataset.suggestions);
    this.status = document.createElement('p');
    this.status.className = 'hidden';
    this.status.setAttribute('role', 'status');
    form.append(this.list, this.status);
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'suggestions', 'aria-autocomplete': 'list' })) this.input.setAttribute(name, value);
    this.input.addEventListener('input', () => this.typed());
    this.input.addEventListener('keydown', (event) => this.keys(event));
    this.input.addEventListener('focus', () => { if (this.options.length && this.input.value.trim() === this.text) this.open(); });
    this.input.addEventListener('blur', () => this.close());
    this.list.addEventListener('pointerdown', (event) => event.preventDefault());  // the input keeps the focus
    this.list.addEventListener('click', (event) => { const option = event.target.closest('[role=option]'); if (option) this.go(option, event); });
    form.addEventListener('submit', (event) => { if (!this.input.value.trim()) { event.preventDefault(); this.input.focus(); } });
  }

  typed() {
    clearTimeout(this.timer);
    this.controller?.abort();
    this.asked++;
    const text = this.input.value.trim();
    if (!text) { this.show([], ''); return; }
    this.timer = setTimeout(() => this.ask(text), WAIT);
  }

  async ask(text) {
    const number = this.asked;
    this.controller = new AbortController();
    try {
      const query = new URLSearchParams({ text, lang: this.lang });
      const answer = await fetch(`/api/help/suggest?${query}`, { signal: this.controller.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const { hits } = await answer.json();
      if (number === this.asked) this.show(hits, text);  // else a newer question is on its way
    } catch {
      if (number === this.asked) this.show([], '');  // the form still works
    }
  }

  show(hits, text) {
    const { one, other, none, all } = this.form.dataset;
    this.text = text;
    this.active = -1;
    this.options = hits.map((hit, at) => this.option(at, hit.url, hit.title, [hit.heading, hit.lang === this.lang ? '' : hit.lang.toUpperCase()].filter(Boolean).join(' · '), hit.lang));
    if (hits.length) this.options.push(this.option(hits.length, `/help?${new URLSearchParams({ lang: this.lang, q: text })}`, all.replace('{text}', text), '', this.lang));
    this.list.replaceChildren(...this.options);
    this.mark();
    if (hits.length) this.open();
    else this.close();
    this.status.textContent = !text ? '' : !hits.length ? none : { one, other }[this.plural.select(hits.length)]?.replace('{count}', hits.length) || other.replace('{count}', hits.length);
  }

  option(at, url, title, note, lang) {
    const node = document.createElement('li');
    node.id = `suggestion-${at}`;
    node.setAttribute('role', 'option');
    node.setAttribute('aria-selected', 'false');
    node.dataset.url = url;
    const name = document.createElement('span');
    name.lang = lang;
    name.textContent = title;
    node.append(name);
    if (note) {
      const small = document.createElement('small');
      small.textContent = note;
      node.append(' ', small);
    }
    return node;
  }

  keys(event) {
    if (event.isComposing) return;
    const { key } = event, last = this.options.length - 1;
    if (key === 'Escape') {
      if (this.opened) { event.preventDefault(); this.close(); }
      return;
    }
    if (key === 'Enter') {
      const option = this.opened && this.options[this.active];
      if (option) { event.preventDefault(); this.go(option, event); }
      return;
    }
    if ((key !== 'ArrowDown' && key !== 'ArrowUp') || last < 0) return;
    event.preventDefault();
    const step = key === 'ArrowDown' ? 1 : -1;
    if (!this.opened) this.open();
    this.active = this.active + step > last ? -1 : this.active + step < -1 ? last : this.active + step;  // -1: what is typed
    this.mark();
  }

  mark() {
    this.options.forEach((option, at) => option.setAttribute('aria-selected', String(at === this.active)));
    const option = this.options[this.active];
    if (option) {
      this.input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    } else this.input.removeAttribute('aria-activedescendant');
  }

  go(option, event) {
    if (event.ctrlKey || event.metaKey) window.open(option.dataset.url, '_blank', 'noopener');
    else location.assign(option.dataset.url);
  }

  get opened() { return !this.list.hidden; }

  open() {
    this.list.hidden = false;
    this.input.setAttribute('aria-expanded', 'true');
  }

  close() {
    this.list.hidden = true;
    this.active = -1;
    this.mark();
    this.input.setAttribute('aria-expanded', 'false');
  }
}

document.querySelectorAll('form.search').forEach((form) => new Search(form));
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable], guichet-widget');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const input = document.querySelector('form.search input[type=search]');
  if (input) { event.preventDefault(); input.focus(); input.select(); }
});
