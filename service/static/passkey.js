// Passkeys: makes one for who is signed in, or signs in with one. WebAuthn speaks in bytes, the
// service in base64url.

const page = document.getElementById("passkey");
const button = document.getElementById("passkey-do");

function show(state) {
  page.dataset.state = state;
  for (const block of page.querySelectorAll("[data-when]")) {
    block.hidden = block.dataset.when !== state;
  }
}

function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const idOf = (known) => ({ ...known, id: bytes(known.id) });

async function post(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body ?? {}),
    signal: AbortSignal.timeout(15_000),
  });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.code), { detail: said.detail });
  return said;
}

async function makeOne() {
  const wish = await post("/api/passkeys/options");
  const publicKey = {
    ...wish,
    challenge: bytes(wish.challenge),
    user: idOf(wish.user),
    excludeCredentials: (wish.excludeCredentials ?? []).map(idOf),
  };
  const made = await navigator.credentials.create({ publicKey });
  return post("/api/passkeys", said(made, ["clientDataJSON", "attestationObject"]));
}

async function signIn() {
  const wish = await post("/api/sign-in/options");
  const publicKey = { ...wish, challenge: bytes(wish.challenge), allowCredentials: [] };
  const used = await navigator.credentials.get({ publicKey });
  const parts = ["clientDataJSON", "authenticatorData", "signature"];
  return post("/api/sign-in", said(used, parts));
}

function said({ rawId, type, response }, parts) {
  const told = Object.fromEntries(parts.map((part) => [part, text(response[part])]));
  return { id: text(rawId), rawId: text(rawId), type, response: told };
}

async function act() {
  show("asking");
  try {
    const { goal } = await (page.dataset.do === "make" ? makeOne() : signIn());
    location.assign(goal);
  } catch (error) {
    if (error.name === "InvalidStateError") return show("known");
    if (error.name === "SecurityError") return show("elsewhere");
    if (error.name === "NotAllowedError") return show("ready"); // it was put off
    page.querySelector("[data-detail]").textContent = error.detail ?? "";
    show("failed");
  }
}

if (globalThis.PublicKeyCredential) {
  button.hidden = false;
  button.addEventListener("click", act);
  show("ready");
} else {
  show("elsewhere");
}
