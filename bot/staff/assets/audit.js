import { call, words } from "./api.js";
import { $, fill, make, moment, onClick } from "./ui.js";

const page = words.page;
const table = $("list").querySelector("table");
let before = null;

function row(entry) {
  const sentence = words.actions[entry.action] ?? entry.action;
  const target = entry.target_name ?? entry.target ?? "–";
  const failed = entry.action === "sign_in_failed";
  const what = failed ? [make("span", { class: "tag warn" }, sentence), entry.target_name ? ` ${target}` : ""] : [fill(sentence, { target })];
  return make(
    "tr",
    {},
    make("td", {}, moment(entry.at)),
    make("td", { class: "main" }, entry.actor?.name ?? page.nobody),
    make("td", {}, ...what),
    make("td", {}, entry.address ?? "–"),
  );
}

async function load() {
  const { entries, next } = await call("GET", `/api/staff/audit?limit=50${before ? `&before=${before}` : ""}`);
  table.querySelector("tbody").append(...entries.map(row));
  table.hidden = table.querySelector("tbody").childElementCount === 0;
  table.classList.add("fold");
  $("loading").hidden = !table.hidden;
  if (table.hidden) $("loading").textContent = page.empty;
  $("older").hidden = !next;
  before = next;
  $("list").setAttribute("aria-busy", "false");
}

onClick($("older"), load);
load().catch((failure) => {
  $("loading").textContent = failure.message;
});
