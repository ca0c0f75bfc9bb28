// The rotating code: made here from a secret that was fetched once, so it needs no network. It is
// kept as a key that nobody can read out, so that a reload needs none either; signing out forgets it.
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
const SCREENS = "screens"; // the page and its files, kept by the worker (sw.js)
const KEPT = "meguri-screens"; // the key, kept here; the worker forgets it with the page

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
    inStore("readwrite", (store) => store.put({ made, key, skew }, location.pathname)).catch(() => {});
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
  inStore("readwrite", (store) => store.delete(location.pathname)).catch(() => {});
  globalThis.caches?.delete(SCREENS).catch(() => {});
}

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(KEPT, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SCREENS);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function inStore(mode, act) {
  const base = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const deal = base.transaction(SCREENS, mode);
      const asked = act(deal.objectStore(SCREENS));
      deal.oncomplete = () => resolve(asked.result);
      deal.onabort = () => reject(deal.error);
    });
  } finally {
    base.close();
  }
}

// What this device knew when it was open last: good until the server says otherwise.
async function recall() {
  try {
    const kept = await inStore("readonly", (store) => store.get(location.pathname));
    if (!kept) return;
    ({ made, key, skew } = kept);
    tellSkew();
  } catch {
    // storage is blocked: the code needs a network to begin with
  }
}

// The worker keeps this very page and its files, so that it opens without a network.
async function keepPage() {
  try {
    await navigator.serviceWorker.register("/sw.js");
    const files = [...document.querySelectorAll("link[rel=stylesheet], script[src]")];
    const screen = { path: location.pathname, files: files.map((file) => file.href ?? file.src) };
    (await navigator.serviceWorker.ready).active.postMessage({ screen });
  } catch {
    // blocked: the page works as long as it is open
  }
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
  const dark = document.getElementById("dark");
  try {
    await navigator.wakeLock.request("screen");
    dark.hidden = true;
  } catch {
    // Not now, or never: asked again when the page is looked at again.
    dark.hidden = document.visibilityState === "hidden";
  }
}

const full = document.getElementById("full");
const words = full.querySelector("span");
const enter = words.textContent;
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else page.requestFullscreen().catch(() => (full.hidden = true));
});
document.addEventListener("fullscreenchange", () => {
  words.textContent = document.fullscreenElement ? full.dataset.leave : enter;
  shown = -1; // drawn anew, in its new size
});

addEventListener("online", ask);
addEventListener("offline", () => made && show("alone"));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") stayAwake();
});

if (globalThis.crypto?.subtle) {
  stayAwake();
  await recall();
  await ask();
  if (page.dataset.state === "live") keepPage();
  tick();
  setInterval(tick, TICK_MS);
} else {
  show("unsafe");
}
