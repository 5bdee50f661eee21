import { open, words } from "./api.js";
import { $, clearFailures, leave, onSubmit } from "./ui.js";

const form = $("sign-in");
const code = $("code");
const provided = words.step === "code"; // signed in at the provider: the second factor alone is missing

function show(step) {
  const second = step === "code";
  $("step-password").hidden = second;
  $("step-code").hidden = !second;
  $("back").hidden = !second;
  code.required = second;
  if (!second) code.value = "";
  (second ? code : $("email")).focus();
}

onSubmit(form, async (values) => {
  const second = !$("step-code").hidden;
  try {
    if (provided) await open("POST", "/api/staff/session/provider", { code: values.code });
    else await open("POST", "/api/staff/session", second ? values : { email: values.email, password: values.password });
  } catch (failure) {
    $("failure").hidden = true;
    if (failure.code === "code_required") return show("code");
    if (failure.code === "invalid_credentials") $("password").value = "";
    if (failure.code === "invalid_code") code.value = "";
    throw failure;
  }
  await leave(words.next || "/staff");
});

$("back").addEventListener("click", () => {
  if (provided) return location.assign("/staff/sign-in");
  clearFailures(form);
  $("password").value = "";
  show("password");
});

if (provided) {
  for (const name of ["email", "password"]) $(name).disabled = true;
  show("code");
}
