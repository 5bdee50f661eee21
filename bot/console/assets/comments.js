// What colleagues say of an article.

import { avatar, prose, time } from "/desk/assets/dom.js";

import { act, api, call, empty, langName, make, t, toast } from "./parts.js";

const DRAFT = "guichet:console:comment:";

/** `{"node", "draw"(comments)}`; `read()` reads the article anew. */
export function commentsOf(article, lang, read) {
  const list = make("div", { class: "stack comments" });
  const area = make("textarea", { id: "comment", rows: 3, "aria-label": t("comments.write"), placeholder: t("comments.write"), maxLength: 4_000 });
  const key = `${DRAFT}${article.kind}:${article.id}`;
  area.value = sessionStorage.getItem(key) ?? "";
  area.addEventListener("input", () => sessionStorage.setItem(key, area.value));
  const post = act("send", t("comments.send"), async () => {
    if (!area.value.trim()) return area.focus();
    await call("POST", api(article, "/comments"), { text: area.value.trim(), lang });
    area.value = "";
    sessionStorage.removeItem(key);
    await read();
  }, { class: "button small primary" });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    post.click();
  });
  const node = make("div", { class: "stack" }, list, area, make("div", { class: "row end" }, post));

  async function resolve(comment, resolved) {
    try {
      await call("PATCH", api(article, `/comments/${encodeURIComponent(comment.id)}`), { resolved });
      await read();
    } catch (failure) {
      toast(failure.message, { bad: true });
    }
  }

  function one(comment) {
    const name = comment.author?.name ?? t("somebody");
    return make("article", { class: `comment${comment.resolved ? " resolved" : ""}` }, avatar(name),
      make("div", {}, make("p", {}, make("strong", {}, name), " ", time(comment.at), comment.lang && comment.lang !== lang ? make("span", { class: "hint" }, ` · ${langName(comment.lang)}`) : null),
        prose(comment.text),
        act(comment.resolved ? "retry" : "check", t(comment.resolved ? "comments.reopen" : "comments.resolve"), () => resolve(comment, !comment.resolved), { class: "button small ghost" })));
  }

  function draw(comments) {
    const open = comments.filter(({ resolved }) => !resolved);
    const done = comments.filter(({ resolved }) => resolved);
    list.replaceChildren(...(open.length ? open.map(one) : [empty("live", t("comments.none"))]),
      ...(done.length ? [make("details", {}, make("summary", {}, t("comments.resolved", { count: done.length })), ...done.map(one))] : []));
  }
  return { node, draw };
}
