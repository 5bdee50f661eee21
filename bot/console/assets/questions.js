// The example questions of an article: one a line, added by Enter, many by pasting, moved, and warned of twice the same.

import { icon, iconButton, make, t } from "./parts.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
const unlisted = (line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/, "").trim();

/** `{"node", "value": () => [question], "set"(questions)}`; `changed()` hears of every change. */
export function questionList(changed) {
  const items = make("ol", { class: "questions" });
  const note = make("p", { class: "hint", role: "status" });
  const fresh = make("input", { type: "text", placeholder: t("questions.add"), "aria-label": t("questions.add"), autocomplete: "off", maxLength: 500 });
  const node = make("section", { class: "question-box", "aria-labelledby": "questions-title" },
    make("h2", { id: "questions-title" }, t("questions.title")), make("p", { class: "hint" }, t("questions.hint")), items,
    make("div", { class: "asked fresh" }, icon("plus"), fresh), note);

  const fields = () => [...items.querySelectorAll("input")];
  const value = () => fields().map((each) => each.value.trim()).filter(Boolean);

  function check() {
    const seen = new Map();
    let twice = 0;
    for (const each of fields()) {
      const key = plain(each.value);
      const double = Boolean(key) && seen.has(key);
      twice += double;
      each.setAttribute("aria-invalid", String(double));
      each.title = double ? t("questions.duplicate") : "";
      if (key) seen.set(key, each);
    }
    note.textContent = [t("questions.count", { count: value().length }), twice ? t("questions.duplicates", { count: twice }) : ""].filter(Boolean).join(" ");
    note.classList.toggle("warn", twice > 0);
  }

  function number() {
    fields().forEach((each, at) => each.setAttribute("aria-label", t("questions.label", { number: at + 1 })));
    check();
  }

  function item(text) {
    const input = make("input", { type: "text", value: text, maxLength: 500, autocomplete: "off" });
    const handle = make("span", { class: "handle", draggable: true, "aria-hidden": "true", title: t("questions.move") }, icon("menu"));
    const line = make("li", { class: "asked" }, handle, input, iconButton("close", t("questions.remove"), () => remove(line)));
    input.addEventListener("input", () => (check(), changed()));
    input.addEventListener("keydown", (event) => onKey(event, line, input));
    input.addEventListener("paste", (event) => paste(event, line, input));
    handle.addEventListener("dragstart", (event) => {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", input.value);
      event.dataTransfer.setDragImage(line, 10, 10);
      line.classList.add("dragged");
    });
    handle.addEventListener("dragend", () => {
      line.classList.remove("dragged");
      number();
      changed();
    });
    return line;
  }

  function onKey(event, line, input) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const { key } = event;
    if (key === "Enter") {
      const next = item("");
      line.after(next);
      next.querySelector("input").focus();
      number();
    } else if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
      if (key === "ArrowUp") line.previousElementSibling?.before(line);
      else line.nextElementSibling?.after(line);
      input.focus();
      number();
      changed();
    } else if (key === "ArrowUp" || key === "ArrowDown") {
      const all = [...fields(), fresh];
      all[all.indexOf(input) + (key === "ArrowUp" ? -1 : 1)]?.focus();
    } else if (key === "Backspace" && !input.value) remove(line);
    else return;
    event.preventDefault();
  }

  function remove(line) {
    const near = (line.previousElementSibling ?? line.nextElementSibling)?.querySelector("input") ?? fresh;
    line.remove();
    near.focus();
    number();
    changed();
  }

  /** Many lines become many questions. */
  function paste(event, line, input) {
    const lines = event.clipboardData.getData("text/plain").split(/\r?\n/).map(unlisted).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    const made = lines.map((each) => item(each.slice(0, 500)));
    if (line) line.after(...made);
    else items.append(...made);
    if (line && !input.value.trim()) line.remove();
    (line ? made.at(-1).querySelector("input") : fresh).focus();
    number();
    changed();
  }

  items.addEventListener("dragover", (event) => {
    const dragged = items.querySelector(".dragged");
    const over = event.target.closest(".asked");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  items.addEventListener("drop", (event) => event.preventDefault());
  fresh.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowUp") fields().at(-1)?.focus();
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const text = fresh.value.trim();
    if (!text) return;
    items.append(item(text));
    fresh.value = "";
    number();
    changed();
  });
  fresh.addEventListener("blur", () => fresh.value.trim() && fresh.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" })));
  fresh.addEventListener("paste", (event) => paste(event, null, fresh));
  return { node, value, set: (questions) => {
    items.replaceChildren(...questions.map(item));
    number();
  } };
}
