// What tells an agent who looks elsewhere: the title's number, notifications, a sound. Nothing asks unasked.

import { call } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { emit, keep, kept, me, on, path } from "./state.js";
import { leading } from "./stream.js";
import { t } from "./text.js";

const title = document.title;
let news = 0;
let audio = null;

export const sound = () => kept("sound", false);
export function setSound(wanted) {
  keep("sound", wanted || null);
  if (wanted) audio ??= new AudioContext(); // a browser lets sound begin only where somebody has pressed something
}

/** Two soft tones. */
function ring() {
  if (!sound() || !leading()) return;
  audio ??= new AudioContext();
  for (const [at, pitch] of [[0, 660], [0.14, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + at;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.32);
  }
}

export const notifications = () => ("Notification" in window ? Notification.permission : "denied");
export async function askNotifications() {
  const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
  if (answer === "denied") toast(t("notify.denied"), { bad: true });
  return answer;
}

/** `name` and `id` say what is opened by pressing the notification. */
function tell(text, id, name = "open") {
  if (document.hidden) {
    document.title = `(${++news}) ${title}`;
    if (notifications() === "granted") {
      const shown = new Notification(text, { tag: id, icon: "/favicon.svg" });
      shown.onclick = () => {
        window.focus();
        emit(name, id);
        shown.close();
      };
    }
  }
  ring();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  news = 0;
  document.title = title;
});

const told = new Map(); // reference → id of the last line told

on("stream:case", async ({ ref }) => {
  if (!document.hidden && !sound()) return;
  const answer = await call("GET", path(ref)).catch(() => null);
  const last = answer?.case.timeline.at(-1);
  if (!last || told.get(ref) === last.id) return;
  told.set(ref, last.id);
  const { owner, subject, customer } = answer.case;
  if (last.type === "created") tell(t("notify.new_case", { subject }), ref);
  else if (["customer", "consent"].includes(last.type) && (!owner || owner.id === me.id)) tell(t("notify.customer_wrote", { customer: customer ?? t("talk.customer") }), ref);
});
on("stream:mention", ({ ref }) => {
  toast(t("notify.mention", { ref }));
  tell(t("notify.mention", { ref }), ref);
});
on("live-waiting", (id) => tell(t("notify.conversation"), id, "open-conversation"));
on("live-wrote", (id) => tell(t("notify.live_wrote"), id, "open-conversation"));

