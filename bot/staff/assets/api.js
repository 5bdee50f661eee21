// Calls of the API: CSRF, one shape of failure, and the way to sign in where the session is over.

export const words = JSON.parse(document.getElementById("words").textContent);

export class Failure extends Error {
  constructor(status, { code, message, field } = {}, retryAfter = null) {
    super(message || words.failed);
    Object.assign(this, { status, code: code || "", field: field || null, retryAfter });
  }
}

let csrf = null;

async function send(method, path, body, headers) {
  try {
    return await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Failure(0, { code: "offline", message: words.offline });
  }
}

async function read(response) {
  if (response.status === 204) return null;
  const type = response.headers.get("Content-Type") || "";
  const body = type.includes("json") ? await response.json().catch(() => null) : null;
  if (response.ok) return body;
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  throw new Failure(response.status, body?.error, retryAfter);
}

export function signInAgain() {
  location.assign(`/staff/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {}); // the page is going away
}

/** Calls that need no session: signing in, links. */
export async function open(method, path, body) {
  return read(await send(method, path, body, {}));
}

async function token() {
  csrf ??= (await read(await send("GET", "/api/staff/session", undefined, {}))).csrf;
  return csrf;
}

/** Calls of who is signed in. Resolves with the body, null for 204; throws Failure. */
export async function call(method, path, body) {
  for (let attempt = 0; ; attempt++) {
    try {
      const headers = method === "GET" ? {} : { "X-CSRF-Token": await token() };
      return await read(await send(method, path, body, headers));
    } catch (failure) {
      if (failure.status === 401 && failure.code === "sign_in_required") return signInAgain();
      if (failure.code !== "invalid_csrf" || attempt > 0) throw failure;
      csrf = null; // signed in anew in another tab
    }
  }
}
