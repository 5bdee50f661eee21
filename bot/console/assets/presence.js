// Who else has the article open.

import { avatar } from "/desk/assets/dom.js";
import { list } from "/desk/assets/text.js";

import { call, icon, make, me, t } from "./parts.js";
import { on } from "./stream.js";

const EVERY = 20_000; // ms; the server forgets after 30 s
const QUIET = 15_000; // ms without a key after which one only looks

/** Tell that one is here, and show who else is. */
export function presence(key, box) {
  let typed = 0;
  const address = `/api/console/articles/${encodeURIComponent(key)}/presence`;
  const tell = async () => {
    if (document.hidden) return;
    const answer = await call("POST", address, { doing: Date.now() - typed < QUIET ? "typing" : "looking" }).catch(() => null);
    if (answer?.people) show(answer.people);
  };

  function show(people) {
    const others = people.filter(({ id }) => id !== me.id);
    if (box.dataset.who === JSON.stringify(others)) return;
    box.dataset.who = JSON.stringify(others);
    const writing = others.filter(({ doing }) => doing === "typing").map(({ name }) => name);
    box.replaceChildren(...(others.length ? [...others.map(({ name }) => avatar(name)),
      make("span", { class: writing.length ? "writing" : "hint" }, writing.length ? icon("pencil") : "", writing.length ? t("presence.writing", { names: list(writing), count: writing.length }) : t("presence.looking", { names: list(others.map(({ name }) => name)), count: others.length }))] : []));
  }

  document.addEventListener("input", () => {
    const before = typed;
    typed = Date.now();
    if (typed - before > QUIET) tell();
  });
  on("presence", ({ article, people }) => article === key && show(people));
  on("again", tell);
  addEventListener("pagehide", () => call("POST", address, { doing: "left" }).catch(() => null));
  setInterval(tell, EVERY);
  tell();
}
