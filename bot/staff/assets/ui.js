// What staff pages share: forms that say what is wrong, dialogs, toasts.

import { words } from "./api.js";

export const $ = (id) => document.getElementById(id);

/** An element with properties and children; texts are never HTML. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name in element && !name.startsWith("aria")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

export function toast(text, { bad = false, seconds = 6 } = {}) {
  const note = make("div", { class: bad ? "toast bad" : "toast" }, icon(bad ? "close" : "check"), text);
  const close = make("button", { type: "button", class: "button ghost icon-only small", "aria-label": words.close }, icon("close"));
  close.addEventListener("click", () => note.remove());
  note.append(close);
  $("toasts").append(note);
  if (!bad) setTimeout(() => note.remove(), seconds * 1000);
}

/** Say what is wrong where it is wrong; without a field, at the top of the form. */
export function showFailure(form, failure) {
  const named = failure.field && form.querySelector(`[name="${CSS.escape(failure.field)}"], #${CSS.escape(failure.field)}`);
  if (!named) {
    let note = form.querySelector(":scope > .notice.bad");
    if (!note) form.prepend((note = make("p", { class: "notice bad", role: "alert" })));
    note.textContent = failure.message;
    return;
  }
  const box = named.closest(".field, fieldset");
  const id = `${named.id || failure.field}-error`;
  const control = named.matches("fieldset") ? named.querySelector("input") : named;
  const said = control.getAttribute("aria-describedby") || "";
  if (!said.split(" ").includes(id)) control.setAttribute("aria-describedby", `${id} ${said}`.trim());
  control.setAttribute("aria-invalid", "true");
  box.append(make("p", { class: "error", id, role: "alert" }, failure.message));
  control.focus();
}

export function clearFailures(form) {
  for (const note of form.querySelectorAll(".error, :scope > .notice.bad")) note.remove();
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    const kept = (control.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && !id.endsWith("-error"));
    if (kept.length) control.setAttribute("aria-describedby", kept.join(" "));
    else control.removeAttribute("aria-describedby");
  }
}

function missing(form) {
  for (const control of form.elements) {
    if (control.disabled || control.closest("[hidden]") || !control.willValidate || control.validity.valid) continue;
    const message = control.validity.typeMismatch ? words.invalid_email : control.validity.valueMissing ? words.required : control.validationMessage;
    return { field: control.name || control.id, message };
  }
  return null;
}

/** Run `work` with the button out of reach, so that a double click acts once. */
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** A button's action; a failure is a toast. */
export function onClick(button, work) {
  button.addEventListener("click", () =>
    busy(button, async () => {
      try {
        await work();
      } catch (failure) {
        toast(failure.message, { bad: true });
      }
    }),
  );
}

/** A form's submission: `work(values)`; what it throws is shown in the form. */
export function onSubmit(form, work) {
  const button = form.querySelector('[type="submit"]');
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(button, async () => {
      // What was said stays until there is something new to say: nothing moves under a double click.
      let failure = missing(form);
      try {
        if (!failure) await work(Object.fromEntries(new FormData(form)));
      } catch (thrown) {
        failure = thrown;
      }
      clearFailures(form);
      if (failure) showFailure(form, failure);
    });
  });
}

/** Go to another page: what waits for this never goes on, so that nothing can be pressed on the way. */
export function leave(address) {
  location.assign(address);
  return new Promise(() => {});
}

// A page that the browser kept for its Back button may be of a session that is over.
addEventListener("pageshow", (event) => event.persisted && location.reload());

export function openDialog(dialog) {
  const form = dialog.querySelector("form");
  if (form) clearFailures(form);
  if (!dialog.open) dialog.showModal();
}

export async function copy(text, said = words.copied) {
  await navigator.clipboard.writeText(text);
  toast(said);
}

export function moment(iso) {
  const at = new Date(iso);
  const format = new Intl.DateTimeFormat(words.lang, { dateStyle: "medium", timeStyle: "short" });
  return make("time", { dateTime: iso }, format.format(at));
}

document.addEventListener("click", (event) => {
  const closing = event.target.closest("[data-close]");
  if (closing) closing.closest("dialog").close();
  const reveal = event.target.closest(".reveal");
  if (reveal) {
    const field = $(reveal.getAttribute("aria-controls"));
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    reveal.setAttribute("aria-pressed", String(shown));
  }
});
