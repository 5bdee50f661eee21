// Why the bot did not answer: what it considered, how sure it was, and the article that answers after all.

import { call } from "/staff/assets/api.js";
import { busy, toast } from "/staff/assets/ui.js";

import { button, empty, make } from "./dom.js";
import { opened } from "./picker.js";
import { safe } from "./safe.js";
import { emit, path } from "./state.js";
import { percent, said, t } from "./text.js";

/** The receipt as a small table; null where no question led here. `whole` is a case, or a conversation's `{"receipt"}`,
 * which no article can answer from here. */
export function receipt(whole) {
  const found = whole.receipt;
  if (!found || !(found.question || found.candidates?.length || found.reason)) return null;
  const why = said(`receipt.reasons.${found.reason}`) ?? t("receipt.reasons.other");
  const candidates = found.candidates ?? [];
  const topics = found.topics ?? [];
  return make("details", { class: "card-box receipt", open: true },
    make("summary", {}, make("h3", {}, t("receipt.title"))),
    found.question ? make("blockquote", { class: "question" }, make("span", { class: "unseen" }, `${t("receipt.question")}: `), found.question) : null,
    make("p", { class: "why" }, why),
    candidates.length
      ? table(t("receipt.article"), candidates.map((each) => [each.title ?? each.article, each.probability, whole.ref ? teach(whole, each) : ""]))
      : make("p", { class: "hint" }, t("receipt.none")),
    topics.length ? table(t("receipt.topic"), topics.map((each) => [each.title ?? each.topic, each.probability, make("span", { class: "badge" }, t("level_short", each))])) : null,
    found.index_version ? make("p", { class: "hint" }, t("receipt.index", { version: found.index_version.slice(0, 12) })) : null);
}

function table(title, rows) {
  const body = rows.map(([name, probability, action]) => make("tr", {},
    make("th", { scope: "row" }, name),
    make("td", { class: "sure" }, probability === undefined || probability === null ? "–" : make("span", {}, bar(probability), percent(probability))),
    make("td", { class: "act" }, action)));
  return make("table", { class: "receipt-table" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, title), make("th", { scope: "col" }, t("receipt.probability")), make("td", {}))),
    make("tbody", {}, ...body));
}

function bar(share) {
  const fill = make("span", { class: "bar-fill" });
  fill.style.width = `${Math.round(Math.min(1, Math.max(0, share)) * 100)}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, fill);
}

function teach(whole, candidate) {
  const title = candidate.title ?? candidate.article;
  return button("reply", t("receipt.teach_short"), () => preview(whole, candidate, title), { class: "button small", "aria-label": `${t("receipt.teach")}: ${title}` });
}

/** The article as the customer would get it, and the button that sends it. */
async function preview(whole, { article, lang: own }, title) {
  const lang = own ?? whole.lang;
  const box = make("div", { class: "preview", tabIndex: 0, role: "region", "aria-label": title, "aria-busy": "true" }, t("list.loading"));
  const send = make("button", { type: "button", class: "button primary" }, t("receipt.teach_send"));
  const dialog = make("dialog", { class: "wide", "aria-label": t("receipt.preview", { title }) },
    make("div", { class: "stack" }, make("h2", {}, t("receipt.preview", { title })), box, make("p", { class: "hint" }, t("receipt.teach_hint")),
      make("div", { class: "row end" }, make("button", { type: "button", class: "button", "data-close": "" }, t("dialog.cancel")), send)));
  send.addEventListener("click", () => busy(send, async () => {
    try {
      const answer = await call("POST", path(whole.ref, "/teach"), { article, lang });
      emit("case", answer.case);
      dialog.close();
      toast(t("receipt.taught"));
    } catch (failure) {
      toast(failure.message, { bad: true });
    }
  }));
  const shut = opened(dialog, () => undefined);
  try {
    const response = await fetch(`/articles/${lang}/${encodeURIComponent(article)}`, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error(String(response.status));
    box.replaceChildren(safe(await response.text(), "article, main"));
  } catch {
    box.replaceChildren(empty("late", t("receipt.preview_failed")));
  }
  box.setAttribute("aria-busy", "false");
  return shut;
}
