// What takes long: its progress, a way to end it, its result.

import { act, call, Failure, make, t, word } from "./parts.js";
import { on } from "./stream.js";

const PAUSE = 600; // ms
let wake = () => {};
on("job", () => wake());

const pause = () => new Promise((resolve) => {
  const timer = setTimeout(resolve, PAUSE);
  wake = () => {
    clearTimeout(timer);
    resolve();
  };
});

/** Follow a job in a box until it is over. Resolves with its result, null where it was cancelled; throws Failure. */
export async function follow(box, job, title) {
  const bar = make("progress", { "aria-label": title });
  const count = make("span", { class: "hint", role: "status" });
  const address = `/api/console/jobs/${encodeURIComponent(job)}`;
  const cancel = act("close", t("job.cancel"), () => call("DELETE", address).then(() => wake()), { class: "button small" });
  box.replaceChildren(make("div", { class: "job" }, make("strong", {}, title), bar, make("div", { class: "row between" }, count, cancel)));
  for (let silent = 0; ; ) {
    let now = null;
    try {
      now = await call("GET", address);
      silent = 0;
    } catch (failure) {
      if (failure.status && failure.status !== 503) throw failure;
      count.textContent = t("job.waiting");
      silent++;
    }
    if (now?.state === "done") return now.result;
    if (now?.state === "cancelled") return null;
    if (now?.state === "failed") throw new Failure(500, typeof now.error === "string" ? { message: now.error } : now.error ?? {});
    if (now) {
      if (now.total) Object.assign(bar, { max: now.total, value: now.done });
      else bar.removeAttribute("value");
      const doing = now.doing ? word("doing", now.doing) : t("job.running");
      count.textContent = now.total ? t("job.count", { done: now.done, total: now.total, doing }) : doing;
    }
    await pause();
  }
}
