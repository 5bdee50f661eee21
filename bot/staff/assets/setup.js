import { open, words } from "./api.js";
import { $, leave, onSubmit } from "./ui.js";

history.replaceState(null, "", location.pathname); // the link is nobody's to read over a shoulder, or in the history

onSubmit($("setup"), async ({ name, email, password }) => {
  await open("POST", "/api/staff/setup", { token: words.token, name, email, password });
  await leave("/staff");
});
