import { open, words } from "./api.js";
import { $, clearFailures, leave, onSubmit } from "./ui.js";

const form = $("sign-in");
const code = $("code");

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
    await open("POST", "/api/staff/session", second ? values : { email: values.email, password: values.password });
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
  clearFailures(form);
  $("password").value = "";
  show("password");
});
