// One way to choose from a list, for everything that is chosen: type to narrow down, arrows, Enter; Escape leaves.

import { icon, make, uuid } from "./dom.js";
import { t } from "./text.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/**
 * Ask for one of `items` (`{"value", "label", "hint"?, "icon"?, "node"?, "on"?, "text"?}`), or with `multiple` for some.
 * `create(text)` makes an item of what was typed. Resolves with the value (`multiple`: the list of values) or undefined.
 */
export function pick({ title, items, multiple = false, create = null, nothing = t("pick.nothing") }) {
  const id = uuid();
  const chosen = new Set(items.filter((item) => item.on).map((item) => item.value));
  const input = make("input", {
    type: "text", role: "combobox", placeholder: title, autocomplete: "off", spellcheck: false,
    "aria-label": title, "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list",
  });
  const box = make("div", { class: "picker-list", id, role: "listbox", "aria-label": title, "aria-multiselectable": String(multiple) });
  const none = make("p", { class: "hint picker-none", role: "status" });
  const dialog = make("dialog", { class: "picker", "aria-label": title }, make("div", { class: "picker-top" }, icon("search"), input), box, none);
  if (multiple) dialog.append(make("div", { class: "row end picker-foot" }, make("button", { type: "button", class: "button small primary", onclick: () => finish([...chosen]) }, t("pick.apply"))));
  let shown = [];
  let at = 0;
  let result;

  function show() {
    const wanted = plain(input.value.trim());
    shown = items.filter((item) => plain(`${item.label} ${item.text ?? ""}`).includes(wanted));
    const made = create && wanted && !items.some((item) => plain(item.label) === wanted) ? create(input.value.trim()) : null;
    if (made) shown.push({ ...made, label: t("pick.create", { name: made.label }), made });
    at = Math.max(0, wanted || multiple ? 0 : shown.findIndex((item) => item.on));
    box.hidden = !shown.length;
    none.textContent = shown.length ? "" : nothing;
    draw();
  }

  function draw() {
    box.replaceChildren(...shown.map((item, index) => {
      const node = make("div", { class: "option", role: "option", id: `${id}-${index}`, "aria-selected": String(multiple ? chosen.has(item.value) : index === at) },
        item.node ?? (item.icon ? icon(item.icon) : null),
        make("span", { class: "option-label" }, item.label),
        item.hint ? make("span", { class: "option-hint" }, item.hint) : null,
        (multiple ? chosen.has(item.value) : item.on) ? icon("check") : null);
      node.classList.toggle("at", index === at);
      node.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the field
      node.addEventListener("click", () => take(index));
      return node;
    }));
    if (shown.length) {
      input.setAttribute("aria-activedescendant", `${id}-${at}`);
      box.children[at]?.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function take(index) {
    const item = shown[index];
    if (!item) return;
    if (!multiple) return finish(item.value);
    if (item.made) items.push(item.made);
    if (chosen.has(item.value)) chosen.delete(item.value);
    else chosen.add(item.value);
    if (item.made) {
      input.value = "";
      show();
    } else {
      at = index;
      draw();
    }
  }

  function finish(value) {
    result = value;
    dialog.close();
  }

  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) at = (at + step + shown.length) % shown.length;
    else if (event.key === "Enter" && multiple && (event.ctrlKey || event.metaKey || !input.value)) return event.preventDefault(), finish([...chosen]);
    else if (event.key === "Enter") return event.preventDefault(), take(at);
    else if (event.key === " " && multiple && !input.value) return event.preventDefault(), take(at);
    else return;
    event.preventDefault();
    draw();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return opened(dialog, () => result, show);
}

/** Show a dialog until it closes; the focus goes back to where it was. */
export function opened(dialog, result, ready = () => {}) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  ready();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      returnTo(before);
      resolve(result());
    });
  });
}

/** The focus goes back to an element, or to what has been drawn in its place. */
function returnTo(before) {
  const name = before?.dataset?.act;
  const drawn = name && document.querySelector(`[data-act="${name}"]`);
  const place = document.querySelector('#desk[data-pane="case"] #case') ?? document.getElementById("rows");
  (before?.isConnected && before !== document.body ? before : drawn || place)?.focus({ preventScroll: true });
}
