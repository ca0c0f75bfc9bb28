// The rotating code: made here from a secret that was fetched once, so it needs no network.
// The server's time counts; the device's own clock may be wrong, as long as it ticks.

const page = document.getElementById("rotating");
const canvas = document.getElementById("code");
const skewed = document.getElementById("skew");
const KIND = new TextEncoder().encode("meguri code");
const MAC_BYTES = 16;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS = 7; // of a character; qr/rotating.py
const TICK_MS = 250;
const AGAIN_MS = 60_000;
const SOON_MS = 5_000;
const JUMP_MS = 2_000;
const SKEW_SHOWN_MS = 60_000;

let made = null; // what the server said
let key = null;
let skew = 0; // the server's time less ours
let shown = -1;
let asked = -AGAIN_MS;
let asking = false;
let last = null;

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function show(state) {
  page.dataset.state = state;
  for (const block of page.querySelectorAll("[data-when]")) {
    block.hidden = block.dataset.when !== state;
  }
}

async function ask() {
  if (asking) return;
  asking = true;
  asked = performance.now();
  const before = Date.now();
  try {
    const answer = await fetch(page.dataset.from, {
      cache: "no-store",
      signal: AbortSignal.timeout(15_000),
    });
    // Only our own word ends it: a proxy on the way may answer anything.
    const ours = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
    if (ours && [401, 403, 404].includes(answer.status)) return stop();
    if (!answer.ok) throw new Error(String(answer.status));
    const said = await answer.json();
    const usages = ["sign"];
    const hash = { name: "HMAC", hash: "SHA-256" };
    key = await crypto.subtle.importKey("raw", bytes(said.secret), hash, false, usages);
    // The answer was on its way for as long as the question, as far as anybody can tell.
    skew = said.now_ms - (before + Date.now()) / 2;
    made = {
      ...said,
      head: bytes(said.head),
      symbol: bytes(said.screen.symbol),
      toggles: bytes(said.screen.toggles),
    };
    shown = -1;
    show("live");
    tellSkew();
  } catch {
    show(made ? "alone" : "lost");
  } finally {
    asking = false;
  }
}

function stop() {
  made = null;
  canvas.hidden = true;
  show("out");
}

function tellSkew() {
  skewed.hidden = Math.abs(skew) < SKEW_SHOWN_MS;
  const unit = Math.abs(skew) < 5_400_000 ? "minute" : "hour";
  const amount = Math.round(Math.abs(skew) / (unit === "minute" ? 60_000 : 3_600_000));
  const language = document.documentElement.lang;
  const time = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
  const sentence = skew < 0 ? skewed.dataset.ahead : skewed.dataset.behind;
  skewed.textContent = sentence.replace("{time}", time.format(amount));
}

// Somebody has set the clock, or the device has slept: ask. Put back it can only have been by hand.
function watchClock() {
  const now = { wall: Date.now(), steady: performance.now() };
  if (last) {
    const jump = now.wall - last.wall - (now.steady - last.steady);
    if (jump < -JUMP_MS) skew -= jump;
    if (Math.abs(jump) > JUMP_MS) asked = -Infinity;
  }
  last = now;
}

async function codeAt(step) {
  const payload = new Uint8Array(made.head.length + 4);
  payload.set(made.head);
  new DataView(payload.buffer).setUint32(made.head.length, step);
  const signed = new Uint8Array([...KIND, ...payload]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)).slice(0, MAC_BYTES);
  let text = "";
  let value = 0;
  let held = 0;
  for (const byte of [...payload, ...mac]) {
    value = (value << 8) | byte;
    for (held += 8; held >= 5; held -= 5) text += ALPHABET[(value >> (held - 5)) & 31];
    value &= (1 << held) - 1;
  }
  return held ? text + ALPHABET[(value << (5 - held)) & 31] : text;
}

// A QR symbol is an affine function of its text's bits: XOR what each bit that differs toggles.
function symbolOf(text) {
  const { symbol, toggles, screen } = made;
  const modules = symbol.slice();
  for (let at = screen.first; at < text.length; at += 1) {
    const differs = text.charCodeAt(at) ^ screen.text.charCodeAt(at);
    for (let bit = 0; bit < BITS; bit += 1) {
      if (!((differs >> bit) & 1)) continue;
      const from = ((at - screen.first) * BITS + bit) * modules.length;
      for (let i = 0; i < modules.length; i += 1) modules[i] ^= toggles[from + i];
    }
  }
  return modules;
}

function draw(modules) {
  const { size, quiet } = made.screen;
  const side = size + 2 * quiet;
  const scale = Math.max(4, Math.ceil((canvas.clientWidth * devicePixelRatio) / side) || 12);
  canvas.width = canvas.height = side * scale;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  for (let at = 0; at < size * size; at += 1) {
    if (!((modules[at >> 3] >> (7 - (at & 7))) & 1)) continue;
    const x = quiet + (at % size);
    const y = quiet + Math.floor(at / size);
    pen.fillRect(x * scale, y * scale, scale, scale);
  }
  canvas.hidden = false;
}

async function tick() {
  watchClock();
  if (page.dataset.state !== "out" && performance.now() - asked > (made ? AGAIN_MS : SOON_MS)) {
    ask();
  }
  if (!made) return;
  const now = Date.now() + skew;
  const step = Math.floor(now / made.rotation_ms);
  const left = 1 - (now / made.rotation_ms - step);
  document.getElementById("left").style.setProperty("width", `${(left * 100).toFixed(1)}%`);
  if (step === shown) return;
  shown = step;
  const prefix = made.screen.text.slice(0, made.screen.text.lastIndexOf("/") + 1);
  draw(symbolOf(prefix + (await codeAt(step))));
  canvas.dataset.step = step;
}

// A screen that goes dark shows no code. Where the browser cannot keep it on, staff can.
async function stayAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // not now: asked again when the page is looked at again
  }
}

addEventListener("online", ask);
addEventListener("offline", () => made && show("alone"));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") stayAwake();
});

if (globalThis.crypto?.subtle) {
  stayAwake();
  await ask();
  tick();
  setInterval(tick, TICK_MS);
} else {
  show("unsafe");
}
