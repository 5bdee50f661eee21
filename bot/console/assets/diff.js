// What differs between two texts: by lines, and inside changed lines by words.

import { icon, make, t } from "./parts.js";

const LARGEST = 4_000_000; // cells of the table; beyond, everything between the equal ends is shown as replaced

/** The steps from one list to the other: `[["same"|"removed"|"added", item]]`. */
function steps(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const [a, b] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const middle = a.length * b.length > LARGEST ? [...a.map((item) => ["removed", item]), ...b.map((item) => ["added", item])] : between(a, b);
  const same = (items) => items.map((item) => ["same", item]);
  return [...same(before.slice(0, start)), ...middle, ...same(end ? before.slice(-end) : [])];
}

function between(a, b) {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width); // of the ends from (i, j) on
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
  const made = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) made.push(["same", a[i++]]), j++;
    else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) made.push(["removed", a[i++]]);
    else made.push(["added", b[j++]]);
  }
  return made;
}

const wordsOf = (line) => line.match(/\p{L}[\p{L}\p{M}\p{N}’'-]*|\p{N}+|\s+|[^\s\p{L}\p{N}]/gu) ?? [];

/** A line with what is not in its other marked. */
function marked(line, other, kind) {
  const parts = kind === "removed" ? steps(wordsOf(line), wordsOf(other)) : steps(wordsOf(other), wordsOf(line));
  const made = [];
  for (const [step, text] of parts) {
    if (step === "same") made.push(text);
    else if (step === kind) made.push(make(kind === "added" ? "ins" : "del", {}, text));
  }
  return made;
}

function row(kind, content) {
  const sign = { same: " ", added: "+", removed: "−" }[kind];
  const name = kind === "same" ? null : make("span", { class: "unseen" }, t(`diff.${kind}`), " ");
  return make("div", { class: `diff-line ${kind}` }, make("span", { class: "diff-sign", "aria-hidden": "true" }, sign), make("span", { class: "diff-text" }, name, ...(content.length ? content : [" "])));
}

const NEAR = 3; // equal lines shown around a change

/** Two texts as one, changes marked; long equal stretches are folded. */
export function diff(before, after) {
  if (before === after) return make("p", { class: "hint" }, t("diff.none"));
  const lines = steps(before.split("\n"), after.split("\n"));
  const rows = [];
  for (let at = 0; at < lines.length;) {
    if (lines[at][0] === "same") {
      rows.push(row("same", [lines[at++][1]]));
      continue;
    }
    const from = at;
    while (at < lines.length && lines[at][0] !== "same") at++;
    const removed = lines.slice(from, at).filter(([kind]) => kind === "removed").map(([, line]) => line);
    const added = lines.slice(from, at).filter(([kind]) => kind === "added").map(([, line]) => line);
    const paired = Math.min(removed.length, added.length);
    rows.push(...removed.map((line, index) => row("removed", index < paired ? marked(line, added[index], "removed") : [line])));
    rows.push(...added.map((line, index) => row("added", index < paired ? marked(line, removed[index], "added") : [line])));
  }
  return make("div", { class: "diff", tabIndex: 0, role: "group", "aria-label": t("diff.label") }, ...folded(rows));
}

function folded(rows) {
  const same = (each) => each.classList.contains("same");
  const made = [];
  for (let at = 0; at < rows.length;) {
    let end = at;
    while (end < rows.length && same(rows[end])) end++;
    const head = at === 0 ? 0 : NEAR;
    const tail = end === rows.length ? 0 : NEAR;
    if (end - at > head + tail + 2) {
      const hidden = rows.slice(at + head, end - tail);
      const more = make("button", { type: "button", class: "diff-more", onclick: () => more.replaceWith(...hidden) }, icon("more"), t("diff.more", { count: hidden.length }));
      made.push(...rows.slice(at, at + head), more, ...rows.slice(end - tail, end));
    } else made.push(...rows.slice(at, end));
    if (end < rows.length) made.push(rows[end]);
    at = end + 1;
  }
  return made;
}
