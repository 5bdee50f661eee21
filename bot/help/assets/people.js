/* « Vous n’avez pas trouvé ? »: the buttons work with the widget, so they are shown once it is there. */
const places = document.querySelectorAll('[data-people]');

function show() {
  for (const place of places) {
    place.hidden = false;
    const mail = place.parentNode.querySelector('[data-mail]');
    if (mail) mail.hidden = true;
  }
}

document.addEventListener('guichet:ready', show);
if (document.querySelector('guichet-widget')) show();

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-ask], [data-open]');
  if (!button || !window.Guichet) return;
  if (button.dataset.ask) window.Guichet.ask(button.dataset.ask);
  else window.Guichet.open(button.dataset.open);
});
