// The scan page: checks in by itself, once, and does not give up while there is hope.
// One scan_id stands for one scan until it has a final answer, so that trying again is safe.

const page = document.getElementById("scan");
const again = document.getElementById("again");
const form = document.getElementById("by-hand");
const { rally, to, spot, visitor } = page.dataset;
const shell = "shell" in page.dataset; // opened without a network: the spot is not known here
const code = page.dataset.code ?? location.pathname.split("/")[2] ?? "";
const asks = "asks" in page.dataset;
const staff = "staff" in page.dataset; // who scan somebody's badge, at their own spot
const KEPT = `meguri-scan:${code}`;
const WAIT_MS_FIRST = 1_000;
const WAIT_MS_MAX = 30_000;
const THUMP_MS = 260; // the hand comes down; the style sheet's animation takes as long
const LANDED = ["stamped", "visited", "already_stamped"];
const SERVER_BUSY = [429, 502, 503, 504];
const PLACE_MS_MAX = 12_000;
const TIMED_MS_MAX = 240_000; // less than a card may be younger than its first scan

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let memory = null; // where storage is blocked, the page itself remembers
let fresh = page.dataset.token ?? null; // of the card that the page itself began for whoever had none
let settled = staff || shell;
let asked = false; // for the card once more, as the cookie was not there
let newVisitor = false;
let wake = null;
let pressed = false;

function keptScan() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? memory;
  } catch {
    return memory;
  }
}

function keep(scan) {
  memory = scan;
  try {
    if (scan) sessionStorage.setItem(KEPT, JSON.stringify(scan));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // blocked or full: memory holds it
  }
}

// crypto.randomUUID exists only where the page came over https; a shop's own network may not have it.
function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// The time by the server's clock, which the page brought along: phones' clocks are often wrong.
// Without a network, what was last known of how wrong this one is must do.
const skew = shell ? Kept.skew() : Kept.learn(page.dataset.now);
const began = Date.now() - performance.now();

function serverNow() {
  return new Date(began + performance.now() + skew);
}

function show(state, detail) {
  if (state === page.dataset.state && !detail) return;
  page.dataset.state = state;
  for (const block of page.querySelectorAll("[data-when]")) {
    const on = block.dataset.when.split(" ").includes(state);
    const text = block.querySelector("[data-detail]");
    if (on && text) text.textContent = detail ?? "";
    block.hidden = !on;
  }
  pressed ||= document.activeElement === again;
  again.hidden = !["offline", "busy", "failed", "cookies"].includes(state);
  if (!pressed || state === "stamping") return;
  // Whoever pressed "try now" is led to what came of it; nobody else's focus is moved.
  (again.hidden ? page.querySelector(`[data-when~="${state}"] h2`) : again)?.focus();
  pressed = false;
}

async function send(address, body) {
  const answer = await Kept.post(address, body);
  if (SERVER_BUSY.includes(answer.status)) return { status: 503, answer };
  // A hotspot's sign-in page is not an answer of ours: this throws, and counts as no network.
  return { status: answer.status, answer, body: await answer.json() };
}

async function isEmpty() {
  const how = { cache: "no-store", signal: Kept.timed() };
  const seen = Kept.decided(await fetch(`/api/rallies/${rally}/card`, how));
  return seen.ok && (await seen.json()).stamps === 0;
}

// If there is a copy of another card, and that of the cookie is new or empty, the cookie was lost:
// the card of the copy is meant.
async function settle() {
  if (settled) return;
  const copy = Kept.owner(Kept.token());
  const lost = copy !== null && copy !== visitor && (fresh !== null || (await isEmpty()));
  if (lost && (await Kept.restore())) fresh = null;
  settled = true;
}

// A new card gets its copy when its cookie has come back. Where pages of a first visit are opened at
// once, each brings a card of its own, and the cookie is that of the last one: that one is it.
async function follow({ status, body }) {
  if (!fresh || ![200, 201, 422].includes(status)) return;
  if ((body.card?.visitor ?? visitor) === visitor) Kept.keepToken(fresh);
  else await Kept.fetchCard(null).catch(() => {}); // the stamp is safe
  fresh = null;
}

async function checkIn(scan, late) {
  await settle();
  const body = { code, scan_id: scan.id };
  // A card that began just now has no earlier scans; its scan is dated when it arrives. A code that
  // is shown for seconds only must say when it was seen: a weak signal takes longer than that.
  const timed = (shell || "timed" in page.dataset) && serverNow() - new Date(scan.at) < TIMED_MS_MAX;
  if (newVisitor ? timed : late || timed) body.scanned_at = scan.at;
  if (scan.answer) body.answer = scan.answer;
  if (scan.place) body.place = scan.place;
  if (spot) body.spot = spot;
  const sent = await send(to, body);
  await follow(sent);
  if (sent.status !== 401 || staff) return sent;
  if (asked) return { status: 401, cookies: true };
  newVisitor = !(await Kept.restore()) && (await Kept.fetchCard(null));
  asked = true;
  return checkIn(scan, late);
}

// Waits, or is woken by the visitor or the network; says whether it was woken.
function waitFor(ms) {
  return new Promise((resolve) => {
    const end = (woken) => {
      clearTimeout(timer);
      wake = null;
      resolve(woken);
    };
    const timer = setTimeout(end, ms, false);
    wake = () => end(true);
  });
}

function pause(attempt, answer) {
  const grown = Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** attempt) * (0.5 + Math.random() / 2);
  const asked = Number(answer?.headers.get("Retry-After")) * 1_000;
  return asked > 0 ? Math.max(grown, asked + Math.random() * 500) : grown;
}

// Where the phone is, and how sure it is of that; null if it does not know or does not say.
function whereabouts() {
  return new Promise((resolve) => {
    const options = { enableHighAccuracy: true, timeout: PLACE_MS_MAX, maximumAge: 0 };
    if (!navigator.geolocation) return resolve(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy }),
      () => resolve(null),
      options,
    );
  });
}

async function takeScan(answer) {
  const kept = keptScan();
  const scan = kept ?? { id: uuid(), at: serverNow().toISOString(), answer };
  keep(scan);
  if ("near" in page.dataset && !kept) {
    show("locating");
    scan.place = await whereabouts();
    keep(scan);
  }
  show("stamping");
  for (let attempt = 0; ; attempt += 1) {
    let sent = null;
    const act = () => checkIn(scan, kept !== null || attempt > 0);
    try {
      sent = await (settled && !fresh ? act() : Kept.alone(act));
    } catch ({ answer: busy }) {
      if (busy) sent = { status: 503, answer: busy };
      else show("offline");
    }
    if (sent && sent.status !== 503) return finish(sent, scan);
    // Whoever walks on has it sent by the card, or by the worker.
    if (staff) document.documentElement.dataset.unsent = 1; // what beat.js tells
    else Kept.put({ ...scan, code, unsettled: !settled });
    if (sent) show("busy");
    // Quiet attempts change nothing on the page: a screen reader would tell each of them.
    if (await waitFor(pause(attempt, sent?.answer))) show("stamping");
  }
}

async function finish({ status, body, cookies }, scan) {
  if (cookies) return show("cookies");
  if (status >= 500) return show("failed", body.detail); // our fault: the scan is kept
  keep(null);
  const kept = status === 422 && !staff && Kept.answered({ ...scan, code }, status, body);
  if (kept?.told) Kept.put(kept);
  else Kept.remove(scan.id);
  delete document.documentElement.dataset.unsent;
  if (status === 422) {
    show("refused", body.detail);
    const anew = page.dataset.retry.split(" ").includes(body.code);
    (asks ? form : again).hidden = !anew;
    return;
  }
  if (status !== 200 && status !== 201) return show("failed", body.detail);
  await land(body);
}

async function land(answer) {
  const first = answer.outcome === "stamped";
  // The stamp shows the day of its own visit, also when that was another day.
  const at = answer.card.spots.find((stamp) => stamp.spot === answer.spot)?.at;
  const day = at?.match(/^(\d+)-0?(\d+)-0?(\d+)/);
  const stamp = document.getElementById("stamp-date");
  if (day && stamp) stamp.textContent = day.slice(1).join(".");
  page.dataset.state = first ? "landing" : page.dataset.state;
  tellSince(at);
  const drawn = staff ? tellStaff(answer.card) : drawCard(answer, first);
  if (first && !calm) await later(THUMP_MS);
  if (first) thump();
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(30);
  show(answer.outcome);
  if (staff) return;
  // From now on this page is the card: a reload, a restored tab or a shared link stamps nothing.
  const card = `/r/${rally ?? answer.rally}`;
  history.replaceState(null, "", card);
  for (const link of document.querySelectorAll("a[hreflang]")) {
    link.href = `${card}?lang=${link.hreflang}`;
  }
  await drawn;
}

function tellSince(at) {
  const since = page.querySelector("[data-since]");
  if (!since || !at) return;
  const told = new Intl.DateTimeFormat(document.documentElement.lang, {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: page.dataset.zone,
  }).format(new Date(at));
  since.textContent = since.dataset.since.replace("{at}", told);
}

function tellStaff(card) {
  const told = document.getElementById("told");
  const met = card.prizes.filter((prize) => prize.met).length;
  told.querySelector("[data-stamps]").textContent = card.stamps;
  told.querySelector("[data-met]").textContent = met;
  told.hidden = false;
}

async function drawCard(answer, first) {
  const wish = new URLSearchParams({ part: "card", earned: answer.earned.join(",") });
  if (first) wish.set("fresh", answer.spot);
  try {
    const part = await fetch(`/r/${rally ?? answer.rally}?${wish}`, { cache: "no-store" });
    if (!part.ok) return;
    const html = await part.text();
    if (first && !calm) await later(THUMP_MS * 4);
    document.getElementById("card").innerHTML = html;
    document.getElementById("to-card").hidden = true;
  } catch {
    // the stamp is safe; the link to the card stays
  }
}

// A soft thump: only after a press, of a button for this stamp or of the landed seal, and never by
// itself. The seal is a picture (hidden from screen readers), its sound a mere extra.
let audio = null;

// Within the press: browsers let a sound begin nowhere else.
function wakeSound() {
  try {
    audio ??= new AudioContext();
    audio.resume().catch(() => {});
  } catch {
    // this browser has no sound
  }
}

function thump() {
  if (!audio) return;
  const now = audio.currentTime;
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.setValueAtTime(150, now);
  tone.frequency.exponentialRampToValueAtTime(48, now + 0.12);
  loudness.gain.setValueAtTime(0, now);
  loudness.gain.linearRampToValueAtTime(0.3, now + 0.006);
  loudness.gain.exponentialRampToValueAtTime(0.001, now + 0.2);
  tone.connect(loudness).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.2);
}

page.querySelector(".stage").addEventListener("click", () => {
  if (!LANDED.includes(page.dataset.state)) return;
  wakeSound();
  thump();
});
again.addEventListener("click", () => {
  wakeSound();
  if (wake) return wake();
  if (page.dataset.state === "cookies") asked = newVisitor = false;
  takeScan();
});
if (asks) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.hidden = true;
    wakeSound();
    takeScan(new FormData(form).get("answer"));
  });
}
addEventListener("online", () => wake?.());
addEventListener("pageshow", (event) => event.persisted && wake?.());

// A page drawn ahead or in the background has not been opened by anybody yet.
async function opened() {
  if (document.prerendering) {
    await new Promise((go) => document.addEventListener("prerenderingchange", go, { once: true }));
  }
  while (document.visibilityState === "hidden") {
    await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
  }
}

// Without a network, the spot's name is what this phone has kept of it.
async function introduce() {
  const found = await Kept.named(code);
  if (!found) return;
  const heading = document.getElementById("spot-name");
  const said = [
    [heading, found.spot],
    [document.getElementById("rally-name"), found.names],
  ];
  document.title = document.title.replace(heading.textContent, found.spot.text);
  for (const [place, { text, language }] of said) Object.assign(place, { textContent: text, lang: language });
  const link = document.getElementById("to-card");
  link.href = `/r/${found.rally}`;
  link.textContent = link.dataset.card;
}

if (shell && code) introduce();

// A question is answered first, unless its answer is still on the way.
if (code && (!asks || keptScan())) {
  form.hidden = true;
  opened().then(() => takeScan());
} else if (code) {
  // The card may be opened before the answer is given. What fails here is tried again with it.
  opened().then(() => Kept.alone(settle)).catch(() => {});
}
