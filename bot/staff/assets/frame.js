// The frame of every page of who is signed in.

import { call } from "./api.js";
import { $, leave, onClick } from "./ui.js";

onClick($("sign-out"), async () => {
  await call("DELETE", "/api/staff/session");
  await leave("/staff/sign-in");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && $("side-menu").open) {
    $("side-menu").open = false;
    $("side-menu").querySelector("summary").focus();
  }
});
