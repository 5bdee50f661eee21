// Forms in dialogs, from a description of their fields.

import { onSubmit } from "/staff/assets/ui.js";

import { make, uuid } from "./dom.js";
import { opened } from "./picker.js";
import { t } from "./text.js";

/**
 * `fields`: `{"name", "label", "type": text|textarea|select|radio|checkbox|date|datetime-local|number, "value"?,
 * "options"?: [[value, label]], "hint"?, "required"?, "when"?: (values) => boolean}`. `submit(values)` may throw a
 * Failure: it is shown at its field. Resolves with what `submit` returned, undefined where somebody thought better.
 */
export function ask({ title, hint = "", fields, save = t("dialog.save"), danger = null, submit }) {
  const id = uuid();
  const boxes = fields.map((field) => ({ field, node: fieldNode(field, id) }));
  const form = make("form", { class: "stack", noValidate: true },
    make("h2", { id }, title),
    hint && make("p", { class: "hint" }, hint),
    ...boxes.map(({ node }) => node),
    make("div", { class: "row end" },
      danger && make("button", { type: "button", class: "button danger", onclick: () => end(danger.work()) }, danger.label),
      make("button", { type: "button", class: "button", "data-close": "" }, t("dialog.cancel")),
      make("button", { type: "submit", class: "button primary" }, save)));
  const dialog = make("dialog", { "aria-labelledby": id }, form);
  let result;

  async function end(work) {
    result = await work;
    dialog.close();
  }
  const values = () => Object.fromEntries(fields.map(({ name, type }) => [name, type === "checkbox" ? form.elements[name].checked : form.elements[name].value]));
  function adapt() {
    for (const { field, node } of boxes) if (field.when) node.hidden = !field.when(values());
  }
  form.addEventListener("change", adapt);
  adapt();
  onSubmit(form, () => end(submit(values())));
  return opened(dialog, () => result, () => form.querySelector("input:not([type=hidden]), select, textarea")?.focus());
}

function fieldNode({ name, label, type = "text", value = "", options = [], hint = "", required = false }, form) {
  const id = `${form}-${name}`;
  const note = hint ? make("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  const common = { id, name, required, ...(hint ? { "aria-describedby": `${id}-hint` } : {}) };
  if (type === "radio") {
    const choices = options.map(([each, said]) => make("label", { class: "check" }, make("input", { type: "radio", name, value: each, checked: each === value }), said));
    return make("fieldset", { class: "checks", id }, make("legend", {}, label), ...choices, note);
  }
  if (type === "checkbox") return make("label", { class: "check" }, make("input", { type: "checkbox", ...common, checked: Boolean(value) }), label);
  let control;
  if (type === "select") control = make("select", common, ...options.map(([each, said]) => make("option", { value: each, selected: each === value }, said)));
  else if (type === "textarea") control = make("textarea", { ...common, rows: 5, value });
  else control = make("input", { ...common, type, value, autocomplete: "off", ...(type === "number" ? { step: "any" } : {}) });
  return make("div", { class: "field" }, make("label", { htmlFor: id }, label), control, note);
}
