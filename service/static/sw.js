// The service worker: pages open without a network, and kept scans are sent when there is one.
// `SHELL` and `VERSION` are put before this file by the server (service/pages/offline.py).
/* global SHELL, VERSION, Kept */

const OFFLINE = "/offline";
const { PAGES } = Kept;
const SCREENS = "screens"; // of a counter's device: the screen's page and its files
const SCREEN = /^\/r\/[^/]+\/spots\/[^/]+\/screen$/;
const SCREEN_KEYS = "meguri-screens"; // screen.js
const PATIENCE_MS = 6_000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll([OFFLINE, ...SHELL]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const drop = (names) =>
    names.filter((name) => ![VERSION, PAGES, SCREENS].includes(name)).map((name) => caches.delete(name));
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(drop(names)))
      .then(() => self.clients.claim()),
  );
});

// A page that is shown later must not say that the server's time is that of now, nor where prizes
// are sent: that may be deleted since.
async function keepPage(path, answer) {
  const html = (await answer.text())
    .replace(/ data-now="[^"]*"/, "")
    .replace(/<p class="sent">.*?<\/p>/gs, "");
  const headers = { "Content-Type": answer.headers.get("Content-Type") };
  for (const name of ["Content-Security-Policy", "X-Content-Type-Options"]) {
    headers[name] = answer.headers.get(name) ?? "";
  }
  await (await caches.open(PAGES)).put(path, new Response(html, { headers }));
}

// The newest card if there is a network that deserves the name, else the one seen last.
async function card(request, path) {
  const kept = await caches.match(path, { cacheName: PAGES });
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok) keepPage(path, answer.clone());
    return answer;
  });
  return kept ? soonOr(fresh, kept) : fresh;
}

function soonOr(fresh, kept) {
  fresh.catch(() => {});
  const enough = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  return Promise.race([fresh.catch(() => kept), enough]);
}

// The screen at a counter, which must show its code after a reload in the middle of a breakdown, too.
async function screen(request, path) {
  const kept = await caches.match(path, { cacheName: SCREENS, ignoreVary: true });
  if (!kept) return fetch(request);
  const fresh = fetch(request).then((answer) => {
    if (answer.status >= 500) throw new Error(String(answer.status));
    return answer;
  });
  return soonOr(fresh, kept);
}

async function keepScreen({ path, files }) {
  const cache = await caches.open(SCREENS);
  await cache.addAll([path, ...files]);
  for (const request of await cache.keys()) {
    const url = new URL(request.url);
    if (![path, ...files].some((one) => new URL(one, url).href === url.href)) cache.delete(request);
  }
}

// Whoever signs out leaves nothing behind that makes codes.
function forgetScreens() {
  indexedDB.deleteDatabase(SCREEN_KEYS);
  return caches.delete(SCREENS);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname === "/sign-out") event.waitUntil(forgetScreens());
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    if (/^\/(r\/[^/]+|cards)$/.test(url.pathname)) event.respondWith(card(request, url.pathname));
    else if (SCREEN.test(url.pathname)) event.respondWith(screen(request, url.pathname));
    else if (url.pathname.startsWith("/s/")) {
      event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
    }
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(caches.match(request, { ignoreVary: true }).then((kept) => kept ?? fetch(request)));
  }
});

async function sendKept() {
  await Kept.send();
  for (const client of await self.clients.matchAll()) client.postMessage("sent");
}

self.addEventListener("sync", (event) => {
  if (event.tag === "scans") event.waitUntil(sendKept());
});

// What to say of the spots of a rally that was just seen; in its page's language, so always anew.
async function keepNames(rally) {
  await (await caches.open(PAGES)).add(Kept.namesOf(rally));
}

// Another language was chosen: the page without a network shall speak it, too.
async function keepOffline() {
  await (await caches.open(VERSION)).add(OFFLINE);
}

// What fails here, for want of a network, leaves what was kept before.
self.addEventListener("message", (event) => {
  const { rally, language, screen } = event.data;
  const kept = [rally && keepNames(rally), language && keepOffline(), screen && keepScreen(screen)];
  event.waitUntil(Promise.allSettled(kept));
});
