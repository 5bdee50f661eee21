/* The demonstration page: its language, the company's name and colours, questions that open the widget. */
(() => {
  'use strict';
  const root = document.documentElement;
  const languages = ['fr', 'de', 'en'];
  const wanted = [new URLSearchParams(location.search).get('lang'), ...navigator.languages.map((tag) => tag.slice(0, 2)), 'fr'];
  root.lang = wanted.find((code) => languages.includes(code));

  /** The widget's API, as soon as its loader has run. */
  const guichet = new Promise((resolve) => {
    document.addEventListener('guichet:ready', () => resolve(window.Guichet), { once: true });
  });

  document.addEventListener('click', async ({ target }) => {
    const button = target.closest('button');
    if (!button) return;
    if ('open' in button.dataset) (await guichet).open(button.dataset.open || undefined);
    if ('ask' in button.dataset) (await guichet).ask(button.textContent);
    if ('copy' in button.dataset) {
      const label = button.textContent;
      await navigator.clipboard.writeText(button.parentNode.querySelector('code').textContent);
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 2000);
    }
  });

  document.addEventListener('DOMContentLoaded', async () => {
    document.querySelectorAll('[data-lang-link]').forEach((link) => { if (link.dataset.langLink === root.lang) link.setAttribute('aria-current', 'true'); });
    document.querySelectorAll('[data-snippet]').forEach((code) => {
      code.textContent = `<script src="${location.origin}/widget/loader.js" data-lang="${code.dataset.snippet}" async></script>`;
    });
    const answer = await fetch(`/api/widget?lang=${root.lang}`);
    if (!answer.ok) return;
    const { company, colours } = await answer.json();
    document.querySelectorAll('[data-company]').forEach((node) => { node.textContent = company.name; });
    document.querySelectorAll('[data-product]').forEach((node) => { node.textContent = company.product; });
    document.title = document.title.replace(/[^–]*$/, ` ${company.name}`);
    root.style.setProperty('--accent', colours.accent);
    root.style.setProperty('--accent-text', colours.accent_text);
  });
})();
