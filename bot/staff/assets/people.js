import { call, words } from "./api.js";
import { $, copy, fill, make, onClick, onSubmit, openDialog, toast } from "./ui.js";

const page = words.page;
const body = $("list").querySelector("tbody");
let people = [];
let chosen = null; // the person being edited; null: somebody new

for (const [code, name] of Object.entries(words.languages)) {
  $("langs").append(make("label", { class: "check" }, make("input", { type: "checkbox", name: "langs", value: code }), name));
}
for (const number of [1, 2, 3, 4]) {
  const box = make("input", { type: "checkbox", name: "levels", value: String(number) });
  $("levels").append(make("label", { class: "check" }, box, fill(page.level, { number })));
}

function row(person) {
  const name = make("span", { class: "main" }, person.id === words.me.id ? `${person.name} (${page.you})` : person.name);
  const roles = person.roles.map((role) => make("span", { class: "tag" }, words.roles[role]));
  const edit = make("button", { type: "button", class: "button small", "aria-label": fill(page.edit_title, person) }, page.edit);
  edit.addEventListener("click", () => show(person));
  return make(
    "tr",
    {},
    make("td", {}, name, make("span", { class: "sub" }, person.email)),
    make("td", {}, make("span", { class: "tags" }, ...roles)),
    make("td", {}, make("span", { class: "tag plain" }, make("span", { class: "dot", data: { presence: person.presence } }), page[person.presence])),
    make("td", { "data-label": page.factor }, person.second_factor ? page.has : page.lacks),
    make("td", {}, make("span", { class: person.active ? "tag good" : "tag" }, person.active ? page.active : page.inactive)),
    make("td", {}, edit),
  );
}

async function load() {
  ({ people } = await call("GET", "/api/staff/people"));
  body.replaceChildren(...people.map(row));
  $("loading").hidden = true;
  const table = $("list").querySelector("table");
  table.hidden = false;
  table.classList.add("fold");
  $("list").setAttribute("aria-busy", "false");
}

function tick(name, values) {
  for (const box of $("person").elements[name]) box.checked = values.map(String).includes(box.value);
}

function show(person) {
  chosen = person;
  const shown = person ?? { name: "", email: "", roles: ["agent"], lang: words.lang, capacity: 8, levels: [1, 2, 3, 4], langs: Object.keys(words.languages) };
  $("person-title").textContent = person ? fill(page.edit_title, person) : page.invite;
  $("save").textContent = person ? page.save : page.add;
  for (const field of ["name", "email", "lang", "capacity"]) $(field).value = shown[field];
  for (const field of ["roles", "levels", "langs"]) tick(field, shown[field]);
  $("access").hidden = !person;
  $("new-link").hidden = !person?.active;
  $("remove-factor").hidden = !person?.second_factor;
  $("deactivate").hidden = !person?.active;
  $("activate").hidden = !person || person.active;
  openDialog($("person-dialog"));
}

function showLink(link, name) {
  $("person-dialog").close();
  $("link").value = link;
  $("link-text").textContent = fill(page.link, { name });
  openDialog($("link-dialog"));
  $("link").select();
}

const path = (rest = "") => `/api/staff/people/${encodeURIComponent(chosen.id)}${rest}`;

async function change(values, said = page.saved) {
  await call("PATCH", path(), values);
  $("person-dialog").close();
  await load();
  toast(said);
}

onSubmit($("person"), async ({ name, email, lang, capacity }) => {
  const ticked = (field) => [...$("person").elements[field]].filter((box) => box.checked).map((box) => box.value);
  const values = { name, email, lang, capacity: Number(capacity), roles: ticked("roles"), langs: ticked("langs"), levels: ticked("levels").map(Number) };
  if (chosen) return change(values);
  const { person, invitation } = await call("POST", "/api/staff/people", values);
  showLink(invitation, person.name);
  await load();
});

onClick($("invite"), () => show(null));
onClick($("new-link"), async () => showLink((await call("POST", path("/invitation"))).invitation, chosen.name));
onClick($("copy-link"), () => copy($("link").value, page.copied));
onClick($("end-sessions"), async () => {
  await call("DELETE", path("/sessions"));
  toast(page.sessions_ended);
});
onClick($("remove-factor"), () => change({ second_factor: false }, page.factor_removed));
onClick($("activate"), () => change({ active: true }));
onClick($("deactivate"), () => {
  $("sure-title").textContent = fill(page.deactivate_title, chosen);
  openDialog($("sure-dialog"));
});
onSubmit($("sure"), async () => {
  await change({ active: false });
  $("sure-dialog").close();
});

load().catch((failure) => {
  $("loading").textContent = failure.message;
});
