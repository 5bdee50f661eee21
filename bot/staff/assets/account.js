import { call, words } from "./api.js";
import { $, copy, leave, onClick, onSubmit, openDialog, toast } from "./ui.js";

const page = words.page;
let me = words.me;

function show() {
  $("name").value = me.name;
  $("lang").value = me.lang;
  $("own-email").value = me.email;
  for (const choice of document.getElementsByName("presence")) choice.checked = choice.value === me.presence;
  const out = me.out_until && new Date(me.out_until) > new Date() ? new Date(me.out_until) : null;
  $("out_until").value = out ? new Date(out - out.getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
  $("out-clear").hidden = !out;
  $("factor-state").textContent = me.second_factor ? page.factor_on : page.factor_off;
  $("factor-state").className = me.second_factor ? "tag good" : "tag";
  $("factor-on").hidden = me.second_factor;
  $("factor-off").hidden = !me.second_factor;
  for (const dot of document.querySelectorAll(".who .dot")) dot.dataset.presence = me.presence;
}

async function save(changes) {
  me = (await call("PATCH", "/api/staff/me", changes)).person;
  show();
}

onSubmit($("profile"), async ({ name, lang }) => {
  const other = lang !== me.lang || name !== me.name;
  await save({ name, lang });
  if (other) location.reload(); // the whole page in the new language, with the new name
  else toast(page.saved);
});

onSubmit($("presence"), async ({ presence, out_until: until }) => {
  await save({ presence, out_until: until ? new Date(until).toISOString() : null });
  toast(page.saved);
});

onClick($("out-clear"), async () => {
  await save({ out_until: null });
  $("out_until").focus();
  toast(page.saved);
});

onSubmit($("change-password"), async ({ old, new: chosen }) => {
  await save({ password: { old, new: chosen } });
  $("change-password").reset();
  show();
  toast(page.changed);
});

onClick($("factor-on"), async () => {
  const { secret, qr } = await call("POST", "/api/staff/me/totp");
  $("qr").src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(qr)}`;
  $("secret").textContent = secret.match(/.{1,4}/g).join(" ");
  $("scan").reset();
  openDialog($("scan-dialog"));
  $("code").focus();
});

onSubmit($("scan"), async ({ code }) => {
  const { recovery_codes: codes } = await call("PUT", "/api/staff/me/totp", { code });
  me = { ...me, second_factor: true };
  $("codes").replaceChildren(...codes.map((each) => Object.assign(document.createElement("li"), { textContent: each })));
  $("scan-dialog").close();
  openDialog($("recovery-dialog"));
  show();
});

onClick($("copy-codes"), () => copy([...$("codes").children].map((each) => each.textContent).join("\n"), page.copied));

onClick($("factor-off"), () => {
  $("off").reset();
  openDialog($("off-dialog"));
});

onSubmit($("off"), async ({ password }) => {
  await call("DELETE", "/api/staff/me/totp", { password });
  me = { ...me, second_factor: false };
  $("off-dialog").close();
  show();
  toast(page.saved);
});

onClick($("end-all"), async () => {
  await call("DELETE", "/api/staff/sessions");
  await leave("/staff/sign-in");
});

show();
