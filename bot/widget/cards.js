/* A case on a card, and the consent that one may wait for. */
import { copy, h, icon, iconButton } from './dom.js';

/** A case in the conversation and in the list of one's own cases. */
export function caseCard(one, { texts, announce, calendar, statement, consent }) {
  const t = (key, values) => texts.t(key, values);
  const ref = h('code', { class: 'ref' }, one.ref);
  const node = h('div', { class: `case-card status-${one.status}`, 'data-ref': one.ref },
    h('div', { class: 'case-head' }, h('span', { class: 'case-icon' }, icon(one.kind)), h('span', { class: 'case-kind' }, t(`kinds.${one.kind}.title`)), h('span', { class: 'pill' }, t(`status.${one.status}`))),
    one.subject && h('p', { class: 'case-subject', dir: 'auto' }, one.subject),
    h('div', { class: 'case-ref' }, ref, iconButton('copy', t('case.copy', { ref: one.ref }), async () => announce(t((await copy(one.ref, node)) ? 'case.copied' : 'case.notCopied'), true))),
    one.due_at && h('p', { class: 'case-due' }, icon(one.kind === 'callback' ? 'callback' : 'alarm'), h('span', null, t(one.kind === 'callback' ? 'case.call' : 'case.due'), ' ', h('time', { datetime: one.due_at }, texts.moment(one.due_at)))),
    one.created_at && h('p', { class: 'case-created' }, t('case.created'), ' ', h('time', { datetime: one.created_at }, texts.moment(one.created_at))));
  if (one.kind === 'callback') node.append(h('button', { type: 'button', class: 'button quiet', onclick: (event) => calendar(one, event.currentTarget) }, icon('calendar'), t('case.calendar')));
  if (one.status === 'waiting_consent') node.append(consentBox(one, node, { t, statement, consent }));
  return node;
}

/** What is asked for is shown word for word before it can be agreed to. */
function consentBox(one, card, { t, statement, consent }) {
  const box = h('div', { class: 'consent' }, h('p', null, t('consent.explain')), h('p', { class: 'hint' }, t('consent.loading')));
  const answer = (name, agreed, look) => h('button', { type: 'button', class: look, onclick: () => consent(one, agreed, card) }, t(`consent.${name}`));
  const load = async () => {
    try {
      box.replaceChildren(box.firstChild, h('blockquote', { class: 'statement', dir: 'auto' }, await statement(one)),
        h('div', { class: 'row' }, answer('agree', true, 'button'), answer('decline', false, 'button quiet')));
    } catch {
      box.replaceChildren(box.firstChild, h('button', { type: 'button', class: 'text-button', onclick: load }, t('log.retry')));
    }
  };
  load();
  return box;
}
