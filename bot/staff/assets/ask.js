import { open } from "./api.js";
import { $, onSubmit } from "./ui.js";

onSubmit($("ask"), async ({ email }) => {
  await open("POST", "/api/staff/reset", { email });
  $("asking").hidden = true;
  $("sent").hidden = false;
  $("sent").focus();
});
