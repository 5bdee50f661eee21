// Canned replies and macros: chosen, filled by the server, written and mended.

import { call } from "/staff/assets/api.js";
import { toast } from "/staff/assets/ui.js";

import { ask } from "./ask.js";
import { change } from "./changes.js";
import { pick } from "./picker.js";
import { loadCanned, path, state } from "./state.js";
import { t, word } from "./text.js";

const macro = (each) => Object.keys(each.actions ?? {}).length > 0;

const items = (lang) => state.canned
  .filter((each) => !lang || !each.lang || each.lang === lang)
  .map((each) => ({ value: each, label: each.title, hint: [each.shortcut && `/${each.shortcut}`, macro(each) && t("canned.macro")].filter(Boolean).join(" · "), text: `${each.shortcut ?? ""} ${each.text}`, icon: macro(each) ? "gear" : "text" }));

/** Ask for a canned reply; resolves with its text for this case. Its actions are done. */
export async function useCanned(whole) {
  const fresh = { value: "new", label: t("canned.new"), icon: "plus" };
  const chosen = await pick({ title: t("canned.search"), items: [...items(whole.lang), fresh], nothing: t("canned.none") });
  if (chosen === "new") return write(null);
  if (!chosen) return null;
  try {
    const filled = await call("GET", path(whole.ref, `/canned/${encodeURIComponent(chosen.id)}`));
    if (macro(filled)) {
      await change(filled.actions, [whole.ref]);
      toast(t("canned.applied"));
    }
    return filled.text;
  } catch (failure) {
    toast(failure.message, { bad: true });
    return null;
  }
}

export async function manage() {
  const chosen = await pick({ title: t("canned.manage"), items: [{ value: "new", label: t("canned.new"), icon: "plus" }, ...items()] });
  if (chosen) await write(chosen === "new" ? null : chosen);
}

async function write(known) {
  const statuses = ["in_progress", "waiting_customer", "resolved", "closed"].map((each) => [each, word("status", each)]);
  const address = `/api/desk/canned${known ? `/${encodeURIComponent(known.id)}` : ""}`;
  const done = await ask({
    title: known ? t("canned.edit", known) : t("canned.new"),
    fields: [
      { name: "title", label: t("canned.name"), value: known?.title ?? "", required: true },
      { name: "text", label: t("canned.text"), type: "textarea", value: known?.text ?? "", hint: t("canned.text_hint") },
      { name: "shortcut", label: t("canned.shortcut"), value: known?.shortcut ?? "" },
      { name: "lang", label: t("canned.lang"), type: "select", value: known?.lang ?? "", options: [["", t("canned.any_lang")], ...state.settings.languages.map((each) => [each, each])] },
      { name: "status", label: t("canned.then_status"), type: "select", value: known?.actions?.status ?? "", options: [["", t("canned.unchanged")], ...statuses] },
      { name: "owner", label: t("canned.then_owner"), type: "checkbox", value: known?.actions?.owner === "me" },
    ],
    danger: known && { label: t("canned.remove"), work: async () => (await call("DELETE", address), t("canned.removed")) },
    submit: async ({ title, text, shortcut, lang, status, owner }) => {
      const actions = { ...known?.actions, status: status || undefined, owner: owner ? "me" : undefined };
      await call(known ? "PATCH" : "POST", address, { title, text, shortcut: shortcut || null, lang: lang || null, actions });
      return t("canned.saved");
    },
  });
  if (done) {
    toast(done);
    await loadCanned();
  }
  return null;
}
