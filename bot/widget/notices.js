/* What the customer is told beside the conversation: the connection, short notices, a sound. */
import { h, icon } from './dom.js';

const BANNER_AFTER = 1500;  // ms: a shorter break is not worth a word

export class Notices {
  /** @param {(key: string) => string} t @param {() => void} retry what a lost connection asks for */
  constructor(t, retry) {
    Object.assign(this, { t, retry });
    this.banner = h('div', { class: 'banner', role: 'status' });
    this.live = h('div', { class: 'visually-hidden', role: 'status' });
    this.toast = h('div', { class: 'toast', 'aria-hidden': 'true' });
  }

  online(online) {
    clearTimeout(this.bannerTimer);
    const shown = this.banner.dataset.state === 'lost';
    if (!online && !shown) {
      this.bannerTimer = setTimeout(() => {
        this.banner.dataset.state = 'lost';
        this.banner.replaceChildren(h('span', { class: 'spinner', 'aria-hidden': 'true' }), this.t('connection.lost'), h('button', { type: 'button', class: 'text-button', onclick: this.retry }, this.t('connection.retry')));
      }, BANNER_AFTER);
    } else if (online && shown) {
      this.banner.dataset.state = 'found';
      this.banner.replaceChildren(icon('check'), this.t('connection.found'));
      this.retry();
    }
    if (online && this.banner.dataset.state) {
      this.bannerTimer = setTimeout(() => { delete this.banner.dataset.state; this.banner.replaceChildren(); }, 2500);
    }
  }

  /** Read out by screen readers; `seen` shows it for a moment as well. */
  announce(text, seen) {
    this.live.textContent = '';
    setTimeout(() => { this.live.textContent = text; }, 50);
    if (!seen) return;
    this.toast.textContent = text;
    this.toast.classList.add('shown');
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => this.toast.classList.remove('shown'), 4000);
  }
}

/** Two soft notes; browsers keep them silent until the page was touched. */
export function chime() {
  const audio = new AudioContext();
  [660, 880].forEach((frequency, at) => {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, audio.currentTime + at * 0.12);
    volume.gain.exponentialRampToValueAtTime(0.06, audio.currentTime + at * 0.12 + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + at * 0.12 + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at * 0.12);
    tone.stop(audio.currentTime + at * 0.12 + 0.32);
  });
  setTimeout(() => audio.close(), 800);
}
