// The count button: each press is kept on the device until the server has it, and is sent again with
// the same id, so it counts once. How long ago it was is told by this device's own clock.

const form = document.querySelector("form[data-heads]");
const unsent = document.getElementById("unsent");
const [more, back] = form.querySelectorAll("button");
const KEPT = `meguri-heads:${form.dataset.heads}:`;
const AGAIN_MS = 5_000;
const ANSWER_MS_MAX = 10_000;
const FINAL = [200, 201, 400, 404, 409];

const memory = new Map();
let sending = false;

function keep(id, said) {
  memory.set(id, said);
  try {
    localStorage.setItem(KEPT + id, JSON.stringify(said));
  } catch {
    // blocked or full: memory holds it
  }
}

function drop(id) {
  memory.delete(id);
  try {
    localStorage.removeItem(KEPT + id);
  } catch {
    // blocked: it was never there
  }
}

// All that waits, also what another page of this device has kept: sending it twice counts once.
function waiting() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(KEPT)) memory.set(key.slice(KEPT.length), JSON.parse(localStorage[key]));
    }
  } catch {
    // blocked: what this page remembers
  }
  return [...memory];
}

function tell() {
  const heads = waiting().reduce((sum, [, { count }]) => sum + count, 0);
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const text = unsent.dataset.said.replace("{n}", number.format(heads));
  unsent.hidden = memory.size === 0;
  document.documentElement.dataset.unsent = memory.size; // for the next sign of life (beat.js)
  if (!unsent.hidden && unsent.textContent !== text) unsent.textContent = text;
  const known = Number(document.querySelector("[data-n=heads]")?.dataset.heads ?? 0);
  back.disabled = known + heads <= 0;
}

async function send() {
  if (sending) return;
  sending = true;
  try {
    for (const [id, { count, at }] of waiting()) {
      const ago = Math.max(0, Math.round((Date.now() - at) / 1_000));
      const answer = await fetch(form.dataset.heads, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ count, headcount_id: id, ago_s: ago }),
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      // Only our own word ends it: a proxy on the way may answer anything.
      const ours = /json/.test(answer.headers.get("Content-Type") ?? "");
      if (!ours || !FINAL.includes(answer.status)) break;
      drop(id);
    }
  } catch {
    // no network: it is kept, and sent again
  }
  sending = false;
  tell();
}

// crypto.randomUUID exists only where the page came over https.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  keep(uuid(), { count: Number(event.submitter.value), at: Date.now() });
  navigator.vibrate?.(20);
  event.submitter.animate?.([{ scale: 0.94 }, { scale: 1 }], 150);
  send().then(tell);
  tell();
});

// What is counted comes with the live part, which is drawn anew.
new MutationObserver(tell).observe(document.getElementById("live"), { childList: true });
addEventListener("online", send);
setInterval(() => memory.size && send(), AGAIN_MS);
send();
tell();
