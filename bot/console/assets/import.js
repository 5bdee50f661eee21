// Articles from elsewhere: a file, an address; what would change is seen before anything is taken.

import { ask as askFor } from "/desk/assets/ask.js";
import { time } from "/desk/assets/dom.js";

import { diff } from "./diff.js";
import { follow } from "./jobs.js";
import { act, articleAt, button, call, countDrafts, empty, field, fill, has, head, hear, icon, KIND_ICONS, langName, langOptions, languages, make, pageOf, panel, select, send, t, table, toast, undoable, view, word } from "./parts.js";

const CAPTIONS = /\.(vtt|srt)$/i;
const ROLES = ["", "id", "lang", "title", "questions", "text", "category", "url", "updated"];
const STATES = ["conflict", "new", "updated", "vanished", "unchanged"];

let file = null;
let sent = null; // what was imported last, for mapping its columns anew
const picker = make("input", { type: "file", id: "file", accept: ".md,.zip,.csv,.tsv,.xlsx,.html,.htm,.xml,.rss,.atom,.vtt,.srt,.pdf,.docx,.json" });
const address = make("input", { type: "url", id: "address", placeholder: "https://…", autocomplete: "off" });
const lang = select(langOptions(), languages[0], { id: "lang" });
const kind = select([["", t("import.any_kind")], ...["faq", "blog", "manual"].map((each) => [each, word("kind", each)])], "", { id: "kind" });
const site = make("input", { type: "checkbox", id: "site" });
const video = make("input", { type: "url", id: "video", placeholder: "https://…", autocomplete: "off" });
const siteBox = make("label", { class: "check", hidden: true }, site, t("import.site"));
const videoBox = field(t("import.video"), video, t("import.video_hint"));
videoBox.hidden = true;
const picked = make("p", { class: "row picked", role: "status" });
const drop = make("div", { class: "drop" }, icon("upload"), make("p", {}, t("import.drop")), make("label", { class: "button", htmlFor: "file" }, t("import.choose")), picker, picked, make("p", { class: "hint" }, t("import.formats")));
const start = act("play", t("import.start"), () => run(), { class: "button primary" });
const outcome = make("div", { class: "stack", id: "outcome", tabIndex: -1 });
const sources = make("div", { class: "stack", id: "sources" });

view.append(head(t("import.title"), t("import.hint"), has("export") ? make("a", { class: "button", href: "/api/console/export", download: "" }, icon("file"), t("import.export")) : null),
  panel("", "", drop, make("p", { class: "or" }, t("import.or")), field(t("import.address"), address), siteBox,
    make("div", { class: "import-options" }, field(t("list.lang"), lang), field(t("list.kind"), kind), videoBox), make("div", { class: "row" }, start)), outcome, sources);

function choose(chosen) {
  file = chosen;
  if (file) address.value = "";
  picked.replaceChildren(...(file ? [icon("file"), make("strong", {}, file.name), button("close", t("import.forget"), () => choose(null))] : []));
  adapt();
}
function adapt() {
  siteBox.hidden = !address.value.trim();
  videoBox.hidden = !(file && CAPTIONS.test(file.name));
}
picker.addEventListener("change", () => choose(picker.files[0] ?? null));
address.addEventListener("input", () => {
  if (address.value && file) choose(null);
  adapt();
});
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", (event) => drop.contains(event.relatedTarget) || drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) choose(event.dataTransfer.files[0]);
});
address.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  start.click();
});

async function run(columns = null) {
  if (!file && !address.value.trim()) return toast(t("import.nothing"), { bad: true });
  const options = { lang: lang.value, ...(kind.value ? { kind: kind.value } : {}), ...(columns ? { columns } : {}) };
  let answer;
  if (file) {
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...options, ...(video.value.trim() && !videoBox.hidden ? { video: video.value.trim() } : {}) })) form.append(name, typeof value === "object" ? JSON.stringify(value) : value);
    form.append("file", file, file.name);
    answer = await send("/api/console/import", form);
  } else answer = await call("POST", "/api/console/import", { ...options, source: address.value.trim(), site: site.checked });
  await result(answer.job, { name: file?.name ?? address.value.trim(), options: { ...options, site: site.checked } });
}

async function result(job, from) {
  sent = from;
  try {
    const found = await follow(outcome, job, t("import.reading", { name: from.name }));
    if (!found) return outcome.replaceChildren(make("p", { class: "notice", role: "status" }, t("import.cancelled")));
    show(`/api/console/import/${encodeURIComponent(job)}/take`, found);
  } catch (failure) {
    outcome.replaceChildren(make("p", { class: "notice bad", role: "alert" }, failure.message));
  }
  outcome.focus({ preventScroll: true });
  return undefined;
}

function show(address, { changes, problems, columns }) {
  const chosen = new Map(changes.map(({ path, state }) => [path, state === "new" || state === "updated"]));
  const groups = STATES.map((state) => [state, changes.filter((each) => each.state === state)]).filter(([, found]) => found.length);
  const count = make("span", { class: "hint", role: "status" });
  const take = act("check", t("import.take"), () => taken(address, changes.filter(({ path }) => chosen.get(path)).map(({ path }) => path)), { class: "button primary" });
  const recount = () => {
    const some = [...chosen.values()].filter(Boolean).length;
    count.textContent = t("publish.chosen", { count: some, total: changes.length });
    take.disabled = !some;
  };
  const item = (each) => {
    const article = articleAt(each.path);
    const box = make("input", { type: "checkbox", id: `t-${each.path}`, checked: chosen.get(each.path), disabled: each.state === "unchanged" });
    box.addEventListener("change", () => {
      chosen.set(each.path, box.checked);
      recount();
    });
    const more = make("details", {}, make("summary", {}, t("publish.show")));
    more.addEventListener("toggle", () => more.open && more.childElementCount < 2 && more.append(diff(each.before ?? "", each.source ?? "")));
    return make("li", { class: "change-item" }, make("div", { class: "row" }, box, make("label", { htmlFor: box.id, class: "change-title" }, icon(KIND_ICONS[article?.kind] ?? "file"), each.title ?? each.path), article ? make("span", { class: "hint" }, langName(article.lang)) : null, make("code", { class: "hint" }, each.path)),
      each.message ? make("p", { class: "hint" }, each.message) : null, each.state === "unchanged" ? null : more);
  };
  const section = ([state, found]) => {
    const all = make("input", { type: "checkbox", "aria-label": t("import.all"), checked: found.every(({ path }) => chosen.get(path)), disabled: state === "unchanged" });
    const items = make("ul", { class: "changes" }, ...found.map(item));
    all.addEventListener("change", () => {
      for (const { path } of found) chosen.set(path, all.checked);
      for (const box of items.querySelectorAll('input[type="checkbox"]')) box.checked = all.checked;
      recount();
    });
    return make("details", { class: "group", open: state !== "unchanged" && found.length < 50 }, make("summary", {}, make("h3", {}, word("import_state", state)), make("span", { class: "count" }, found.length)),
      state === "unchanged" ? "" : make("label", { class: "check" }, all, t("import.all")), items);
  };
  recount();
  outcome.replaceChildren(panel(t("import.result"), t("import.result_hint", { name: sent.name }),
    columns?.length && file ? mapping(columns) : null,
    problems.length ? make("details", { class: "group bad", open: true }, make("summary", {}, make("h3", {}, t("import.problems")), make("span", { class: "count" }, problems.length)),
      table(t("import.problems"), [t("import.where"), t("import.line"), t("import.reason")], problems.map((each) => [each.where ?? each.path ?? "–", each.line ?? "–", each.message]))) : null,
    ...(groups.length ? groups.map(section) : [empty("file", t("import.empty"))]),
    changes.length ? make("div", { class: "row end sticky" }, count, take, !file && has("sources") ? act("clock", t("sources.keep"), () => keep(), { class: "button" }) : null) : null));
}

/** Which column is what, of a table; its first values show whether that is so. */
function mapping(columns) {
  const controls = columns.map((each) => select(ROLES.map((role) => [role, role ? word("column", role) : t("import.unused")]), each.field ?? "", { "aria-label": t("import.column", { name: each.name }) }));
  const lines = Math.max(0, ...columns.map(({ samples }) => samples.length));
  const chosen = () => Object.fromEntries(columns.map(({ name }, at) => [name, controls[at].value || null]));
  return make("details", { class: "group", open: true }, make("summary", {}, make("h3", {}, t("import.columns"))), make("p", { class: "hint" }, t("import.columns_hint")),
    make("div", { class: "table-box", tabIndex: 0, role: "region", "aria-label": t("import.columns") }, make("table", { class: "table mapping" },
      make("thead", {}, make("tr", {}, ...columns.map((each) => make("th", { scope: "col" }, each.name)))),
      make("tbody", {}, make("tr", {}, ...controls.map((control) => make("td", {}, control))),
        ...Array.from({ length: lines }, (_, at) => make("tr", {}, ...columns.map(({ samples }) => make("td", { class: "sample" }, samples[at] ?? ""))))))),
    make("div", { class: "row" }, act("retry", t("import.again"), () => run(chosen()))));
}

async function taken(address, paths, over = false) {
  const { drafts, problems } = await call("POST", address, { paths, ...(over ? { over } : {}) });
  countDrafts();
  outcome.replaceChildren(panel(t("import.taken", { count: drafts.length }), t("import.taken_hint"),
    problems?.length ? table(t("import.problems"), [t("import.where"), t("import.line"), t("import.reason")], problems.map((each) => [each.path ?? each.where ?? "–", each.line ?? "–", each.message])) : null,
    problems?.length && !over ? make("div", { class: "row" }, act("merge", t("import.over"), () => taken(address, problems.map(({ path }) => path), true))) : null,
    make("ul", {}, ...drafts.slice(0, 30).map((path) => {
      const article = articleAt(path);
      return make("li", {}, article ? make("a", { href: pageOf(article, article.lang) }, path) : path);
    })),
    make("div", { class: "row" }, make("a", { class: "button primary", href: "/console/publish" }, icon("send"), t("editor.publish")), make("a", { class: "button", href: "/console?state=draft" }, icon("pencil"), t("import.see_drafts")))));
  outcome.focus({ preventScroll: true });
}

// sources that are read again

const keep = () => askFor({
  title: t("sources.keep"), hint: t("sources.keep_hint"), fields: [{ name: "every", label: t("sources.every"), type: "select", value: "24", options: ["6", "24", "168"].map((each) => [each, t(`sources.every_${each}`)]) }],
  submit: async ({ every }) => {
    await call("POST", "/api/console/sources", { address: sent.name, options: sent.options, every_hours: Number(every) });
    await loadSources();
  },
});

const loadSources = () => fill(sources, async () => {
  const { sources: found } = await call("GET", "/api/console/sources");
  if (!found.length) return [];
  return panel(t("sources.title"), t("sources.hint"), table(t("sources.title"), [t("sources.address"), t("sources.every"), t("sources.last"), ""], found.map((each) => [
    make("span", { class: "wrap" }, each.address), t("sources.hours", { count: each.every_hours }),
    each.last ? make("span", {}, time(each.last.at), " ", word("source_state", each.last.state), each.last.changes ? ` · ${t("sources.changes", { count: each.last.changes })}` : "") : "–",
    make("span", { class: "row end" },
      each.waiting ? act("eye", t("sources.waiting"), async () => {
        const { result: found } = await call("GET", `/api/console/sources/${encodeURIComponent(each.id)}`);
        sent = { name: each.address, options: each.options };
        show(`/api/console/sources/${encodeURIComponent(each.id)}/take`, found);
        outcome.focus();
      }, { class: "button small primary" }) : null,
      act("play", t("sources.now"), async () => {
        const { job } = await call("POST", "/api/console/import", { source: each.address, ...each.options });
        await result(job, { name: each.address, options: each.options });
      }, { class: "button small" }),
      act("trash", t("sources.remove"), async () => {
        await call("DELETE", `/api/console/sources/${encodeURIComponent(each.id)}`);
        undoable(t("sources.removed"), async () => {
          await call("POST", "/api/console/sources", { address: each.address, options: each.options, every_hours: each.every_hours });
          await loadSources();
        });
        await loadSources();
      }, { class: "button small ghost" }))])));
});

document.getElementById("console").setAttribute("aria-busy", "false");
hear({ "/": () => address.focus() }, [["/", "address"]]);
if (has("sources")) loadSources();
countDrafts();
