/* The help page's articles in the panel, found while one types; and the page where an answer is rechecked. */
import { safeUrl } from './markdown.js';
import { h, icon } from './dom.js';

const WAIT = 150;         // ms without a key before the server is asked
const LONGEST = 7_000;    // characters of an address that every server and proxy takes

/** The search, to be shown as a view of the panel. */
export function search(panel) {
  const { api, texts, t, ctx } = panel;
  let timer, asked = 0;
  const status = h('p', { class: 'hint', role: 'status' });
  const list = h('ul', { class: 'found' });
  const box = h('input', { type: 'search', id: 'guichet-search', autocomplete: 'off', maxlength: '200', enterkeyhint: 'search', placeholder: t('help.placeholder') });
  const person = h('button', { type: 'button', class: 'button quiet wide', hidden: true, onclick: () => panel.ask(box.value) }, icon('chats'), t('help.ask'));
  const show = (hits, said) => {
    status.textContent = said;
    list.replaceChildren(...hits.map((hit) => h('li', null, h('a', { class: 'way', href: safeUrl(hit.url, ctx.base), target: '_blank', rel: 'noopener', lang: hit.lang },
      h('span', { class: 'way-icon' }, icon(hit.kind === 'video' ? 'video' : 'faq')),
      h('span', null, h('strong', null, hit.title), hit.heading && h('small', null, hit.heading), h('span', { class: 'visually-hidden', lang: texts.lang }, t('log.newTab')))))));
  };
  const find = async () => {
    const number = ++asked, text = box.value.trim();
    person.hidden = !text;
    if (!text) { show([], ''); return; }
    try {
      const { hits } = await api.json('GET', `/api/help/suggest?${new URLSearchParams({ text, lang: texts.lang })}`, { seconds: 10 });
      if (number === asked) show(hits, hits.length ? t('help.found', { count: hits.length }) : t('help.none'));
    } catch {
      if (number === asked) show([], t('help.failed'));
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(find, WAIT); };
  const links = () => [box, ...list.querySelectorAll('a')];
  const node = h('form', { class: 'help', role: 'search', onsubmit: (event) => { event.preventDefault(); clearTimeout(timer); find(); } },
    h('div', { class: 'field' }, h('label', { class: 'visually-hidden', for: 'guichet-search' }, t('menu.help')), box), status, list, person);
  box.addEventListener('input', soon);
  node.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], at = step && links().indexOf(event.target);
    const next = step && at >= 0 && links()[at + step];
    if (next) { event.preventDefault(); next.focus(); }
  });
  return node;
}

/** A link to the page that shows the words of an answer in their article; none where that is not known. */
export function recheck({ source, text, lang }, base, t) {
  if (!source.article || !source.version || !text) return null;
  const href = `${base}/proof?${new URLSearchParams({ article: source.article, lang: source.lang || lang, version: source.version, text })}`;
  return href.length <= LONGEST && h('a', { class: 'recheck', href, target: '_blank', rel: 'noopener' }, icon('check'), t('help.recheck'), h('span', { class: 'visually-hidden' }, ` ${t('log.newTab')}`));
}
