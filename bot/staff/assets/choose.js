import { open, words } from "./api.js";
import { $, leave, onSubmit } from "./ui.js";

history.replaceState(null, "", location.pathname);

onSubmit($("choose"), async ({ password }) => {
  await open("POST", `/api/staff/reset/${encodeURIComponent(words.token)}`, { password });
  await leave("/staff"); // asks for the second factor where there is one
});
