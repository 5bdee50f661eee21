import { open, words } from "./api.js";
import { $, onSubmit } from "./ui.js";

history.replaceState(null, "", location.pathname);

onSubmit($("choose"), async ({ password }) => {
  await open("POST", `/api/staff/reset/${encodeURIComponent(words.token)}`, { password });
  location.assign("/staff"); // asks for the second factor where there is one
});
