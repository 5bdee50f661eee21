// The text of an article: Markdown with a toolbar; files come by button, by pasting, by dropping. Undo is the browser's.

import { iconButton, make, send, t, toast } from "./parts.js";

/** `{"node", "area"}`; `changed()` hears of every change. */
export function writer(changed) {
  const area = make("textarea", { id: "text", class: "text", spellcheck: true, "aria-label": t("editor.text"), placeholder: t("editor.placeholder") });
  const file = make("input", { type: "file", multiple: true, hidden: true, "aria-label": t("editor.image") });
  const tools = [
    ["heading", t("editor.heading"), () => prefix("## ")],
    ["bold", `${t("editor.bold")} (Ctrl+B)`, () => wrap("**")],
    ["italic", `${t("editor.italic")} (Ctrl+I)`, () => wrap("*")],
    ["bullets", t("editor.bullets"), () => prefix("- ")],
    ["numbers", t("editor.numbers"), () => prefix((at) => `${at + 1}. `)],
    ["link", `${t("editor.link")} (Ctrl+K)`, linked],
    ["image", t("editor.image"), () => file.click()],
  ];
  const bar = make("div", { class: "toolbar", role: "toolbar", "aria-label": t("editor.tools"), "aria-controls": "text" },
    ...tools.map(([name, label, work], at) => iconButton(name, label, work, { tabIndex: at ? -1 : 0 })));
  const node = make("div", { class: "writer" }, bar, file, area, make("div", { class: "drop-here", "aria-hidden": "true" }, t("editor.drop")));

  // One stop of the Tab key, arrows between the tools.
  bar.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = [...bar.children];
    const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
    for (const each of all) each.tabIndex = each === next ? 0 : -1;
    next.focus();
  });
  bar.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays

  /** As if typed, so that the browser's undo takes it back. */
  function insert(text, from = area.selectionStart, to = area.selectionEnd) {
    area.focus();
    area.setSelectionRange(from, to);
    if (!(text ? document.execCommand("insertText", false, text) : document.execCommand("delete"))) area.setRangeText(text, from, to, "end");
    grow();
    changed();
  }

  function wrap(sign) {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const inside = value.slice(from, to);
    if (value.slice(from - sign.length, from) === sign && value.slice(to, to + sign.length) === sign) {
      insert(inside, from - sign.length, to + sign.length);
      return area.setSelectionRange(from - sign.length, to - sign.length);
    }
    insert(`${sign}${inside}${sign}`);
    area.setSelectionRange(from + sign.length, to + sign.length);
  }

  function prefix(sign) {
    const { selectionStart, selectionEnd, value } = area;
    const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
    const to = value.indexOf("\n", selectionEnd) < 0 ? value.length : value.indexOf("\n", selectionEnd);
    const lines = value.slice(from, to).split("\n");
    const sought = typeof sign === "string" ? new RegExp(`^${sign.trim()}\\s`) : /^\d+\. /;
    const bare = lines.map((line) => line.replace(/^(?:#{1,6}|[-*]|\d+\.)\s+/, ""));
    const made = lines.every((line) => sought.test(line)) ? bare : bare.map((line, at) => `${typeof sign === "string" ? sign : sign(at)}${line}`);
    insert(made.join("\n"), from, to);
  }

  function linked() {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const text = value.slice(from, to);
    insert(`[${text || t("editor.link_text")}](https://)`);
    const at = from + (text ? text.length + 3 : 1);
    area.setSelectionRange(at, text ? at + 8 : at + t("editor.link_text").length);
  }

  async function add(files) {
    for (const each of files) {
      const waiting = `![${t("editor.uploading", { name: each.name })}]()`;
      insert(`${waiting}\n`);
      let made = "";
      try {
        const form = new FormData();
        form.append("file", each, each.name || "image.png");
        const { file: { url, type } } = await send("/api/console/files", form);
        const name = each.name.replace(/\.[^.]+$/, "").replace(/[[\]]/g, "");
        made = `${type.startsWith("image/") ? "!" : ""}[${name}](${url})`;
      } catch (failure) {
        toast(`${each.name}: ${failure.message}`, { bad: true });
      }
      const at = area.value.indexOf(waiting);
      if (at >= 0) insert(made, at, at + waiting.length);
    }
  }

  function grow() {
    const top = document.scrollingElement.scrollTop;
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
    document.scrollingElement.scrollTop = top;
  }

  area.addEventListener("input", () => (grow(), changed()));
  area.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) continueList(event);
      return;
    }
    const work = { b: () => wrap("**"), i: () => wrap("*"), k: linked }[event.key.toLowerCase()];
    if (!work) return;
    event.preventDefault();
    work();
  });

  function continueList(event) {
    const { selectionStart: at, selectionEnd, value } = area;
    const from = value.lastIndexOf("\n", at - 1) + 1;
    const [, indent, mark, text] = /^(\s*)([-*]|\d+\.)\s(.*)$/.exec(value.slice(from, at)) ?? [];
    if (!mark || at !== selectionEnd) return;
    event.preventDefault();
    if (!text.trim()) return insert("", from, at); // an empty item ends the list
    insert(`\n${indent}${/\d/.test(mark) ? `${parseInt(mark, 10) + 1}.` : mark} `);
  }

  area.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain").trim();
    if (files.length && !text) {
      event.preventDefault();
      add(files);
    } else if (/^https?:\/\/\S+$/.test(text) && area.selectionStart !== area.selectionEnd) {
      event.preventDefault(); // an address on marked words makes a link of them
      insert(`[${area.value.slice(area.selectionStart, area.selectionEnd)}](${text})`);
    }
  });
  file.addEventListener("change", () => {
    add([...file.files]);
    file.value = "";
  });
  node.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    node.classList.add("dropping");
  });
  node.addEventListener("dragleave", (event) => node.contains(event.relatedTarget) || node.classList.remove("dropping"));
  node.addEventListener("drop", (event) => {
    node.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  return { node, area, set: (text) => {
    area.value = text;
    requestAnimationFrame(grow);
  } };
}
