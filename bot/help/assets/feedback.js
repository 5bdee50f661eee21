/* « Cet article vous a-t-il été utile ? »: sent without leaving the page; the opinion is shown again after a reload. */
const section = document.getElementById('helpful');

if (section) {
  const { version } = section.dataset;
  const key = `guichet:helpful:${location.pathname}:${version}`;
  const failed = section.querySelector('.failed');
  const told = section.querySelector('.told');
  const change = section.querySelector('.change button');
  const forms = [...section.querySelectorAll('form')];
  let sending = false;

  const read = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const keep = (said) => { try { localStorage.setItem(key, said); } catch { /* shown for this visit alone */ } };
  const show = (said) => {
    section.dataset.said = said;
    if (told.textContent !== (told.dataset[said] || '')) told.textContent = told.dataset[said] || '';
    change.hidden = !said;
    failed.textContent = '';
  };

  const send = async (form, button) => {
    if (sending) return;
    const words = form.elements.words && form.elements.words.value.trim();
    const helpful = (button && button.name === 'helpful' ? button.value : form.elements.helpful.value) === 'yes';
    if (form.elements.words && !words) { form.elements.words.focus(); return; }
    sending = true;
    section.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(`/api${location.pathname}/feedback`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Accept-Language': document.documentElement.lang },
        body: JSON.stringify({ version, helpful, ...(words && { words }) }),
      });
      if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error?.message || section.dataset.failed);
      const said = words ? 'words' : helpful ? 'yes' : 'no';
      keep(said);
      show(said);
      if (said === 'no') section.querySelector('textarea').focus();
      else change.focus();
    } catch (error) {
      failed.textContent = error instanceof TypeError ? section.dataset.failed : error.message;
    } finally {
      sending = false;
      section.removeAttribute('aria-busy');
    }
  };

  for (const form of forms) form.addEventListener('submit', (event) => { event.preventDefault(); send(form, event.submitter); });
  change.addEventListener('click', () => {
    show('');
    section.querySelector('.ask button').focus();
  });
  addEventListener('storage', (event) => { if (event.key === key) show(event.newValue || ''); });
  show(section.dataset.said || read() || '');
}
