// What is kept on the phone for when there is no network: scans that wait for one, and the names of
// spots. For pages and for the service worker, which a page starts at the end of this file.
// A scan has one id for good, so sending it twice stamps once.

self.Kept = (() => {
  const STORE = "scans";
  const SCANS_MAX = 1_000; // in one request; service/api/batch.py
  const AGAIN = [429, 500, 502, 503, 504];
  const FINAL = "rally_final"; // may be taken back, and the server says when it is too late for that
  const ANSWER_MS_MAX = 15_000;
  const ALONE_MS_MAX = 10_000;

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open("meguri", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  async function inStore(mode, act) {
    const base = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const deal = base.transaction(STORE, mode);
        const asked = act(deal.objectStore(STORE));
        deal.oncomplete = () => resolve(asked.result);
        deal.onabort = () => reject(deal.error);
      });
    } finally {
      base.close();
    }
  }

  // Where storage is blocked, the page that is open remembers its own scan.
  async function put(scan) {
    try {
      await inStore("readwrite", (store) => store.put(scan));
      const worker = await navigator.serviceWorker?.ready;
      await worker?.sync?.register(STORE);
    } catch {
      // no storage, or no Background Sync: the next opening sends it
    }
  }

  async function remove(id) {
    try {
      await inStore("readwrite", (store) => store.delete(id));
    } catch {
      // there is none
    }
  }

  async function all() {
    try {
      const scans = await inStore("readonly", (store) => store.getAll());
      return scans.sort((one, other) => one.at.localeCompare(other.at));
    } catch {
      return [];
    }
  }

  function timed() {
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(), ANSWER_MS_MAX);
    return giveUp.signal;
  }

  function post(address, body, token) {
    const bearer = token ? { Authorization: `Bearer ${token}` } : {};
    return fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", ...bearer },
      body: JSON.stringify(body),
      credentials: "same-origin",
      signal: timed(),
    });
  }

  // An answer that decides nothing is thrown: it is worth another try.
  function decided(answer) {
    if (!AGAIN.includes(answer.status)) return answer;
    throw Object.assign(new Error(String(answer.status)), { answer });
  }

  // A scan with what came of it: `done` for good, or `told` by now and sent again with the next page.
  function answered(scan, status, body) {
    return { ...scan, [body.code === FINAL ? "told" : "done"]: { status, body } };
  }

  // Sends what waits; what came of it is kept until a page has told it. Throws without a network.
  // Whose card it is for pages alone can tell, by the copy: the worker leaves to them what is not
  // settled.
  async function send() {
    const ours = (scan) => !scan.done && (self.document || !scan.unsettled);
    const waiting = (await all()).filter(ours).slice(0, SCANS_MAX);
    if (!waiting.length) return;
    const scansOf = (dated) =>
      waiting.map(({ id, code, at, answer, place }) => ({
        code,
        scan_id: id,
        ...(dated && { scanned_at: at }),
        ...(answer && { answer }),
        ...(place && { place }),
      }));
    let sent = await post("/api/check-ins/batch", { scans: scansOf(true) });
    if (sent.status === 401) {
      if (!self.document) return;
      // A card that begins just now has no earlier scans: they are dated when they arrive.
      const back = (await restore()) || !(await fetchCard(null));
      sent = await post("/api/check-ins/batch", { scans: scansOf(back) });
    }
    if (!sent.ok) throw new Error(String(sent.status));
    const { answers } = await sent.json();
    for (const [index, { status, body }] of answers.entries()) {
      if (AGAIN.includes(status)) continue;
      await inStore("readwrite", (store) => store.put(answered(waiting[index], status, body)));
    }
  }

  // How far this phone's clock is behind the server's, as a page has just learned it.
  const SKEW = "meguri-skew";
  const shown = () => performance.getEntriesByType("navigation")[0]?.activationStart ?? 0;

  function learn(now) {
    const skew = Date.parse(now) + performance.now() - shown() - Date.now();
    try {
      localStorage.setItem(SKEW, skew);
    } catch {
      // blocked: the phone's own clock must do
    }
    return skew;
  }

  function skew() {
    try {
      return Number(localStorage.getItem(SKEW)) || 0;
    } catch {
      return 0;
    }
  }

  // The card's token, in a copy beside the cookie: what cleans up after browsers may take the one
  // and leave the other. It is no secret of the page's: nobody else's script runs here.
  const CARD = "meguri-card";

  function token() {
    try {
      const copy = localStorage.getItem(CARD);
      return owner(copy) ? copy : null;
    } catch {
      return null;
    }
  }

  function keepToken(token) {
    try {
      if (token) localStorage.setItem(CARD, token);
      else localStorage.removeItem(CARD);
    } catch {
      // blocked: the cookie alone must do
    }
  }

  // Whose card a copy stands for: the subject of the token (RFC 7519 §4.1.2).
  function owner(token) {
    try {
      return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub;
    } catch {
      return null;
    }
  }

  // Asks for the card that a token stands for (without one, that of the cookie, or a new one); its
  // cookie is set anew, its copy kept. Says whether it was given: a token that stands for nobody
  // any more is given up. Anything else throws, and harms no copy.
  async function fetchCard(token) {
    const language = document.documentElement.lang;
    const given = decided(await post("/api/visitors", { language }, token));
    if (given.status === 401) keepToken(null);
    else if (given.status === 201) keepToken((await given.json()).token);
    else throw new Error(String(given.status));
    return given.status === 201;
  }

  // Brings the card of the copy back; says whether there is one.
  async function restore() {
    const copy = token();
    return copy !== null && fetchCard(copy);
  }

  // One page at a time, so that several at once end on one card. Nobody waits long for a page that
  // sleeps; and where there are no locks, nobody waits.
  async function alone(act) {
    let began = false;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), ALONE_MS_MAX);
    try {
      return await navigator.locks.request(CARD, { signal: giveUp.signal }, () => {
        began = true;
        return act();
      });
    } catch (error) {
      if (began) throw error;
      return act();
    } finally {
      clearTimeout(timer);
    }
  }

  // What a code says about itself, in Crockford's base32 (qr/codes.py): its kind, its key and, where
  // it is a poster's or a screen's, its spot's tag. Whether it is genuine only the server can tell.
  const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const HEAD = /^0[0-9A-HJKMNP-TV-Z]{11}/; // 7 bytes and 4 bits
  const OF_A_SPOT = [1, 2];

  function read(code) {
    const meant = code.toUpperCase().replace(/[OIL]/g, (letter) => (letter === "O" ? "0" : "1"));
    const head = meant.replace(/[- ]/g, "").match(HEAD)?.[0];
    if (!head) return null;
    let bits = 0n;
    for (const digit of head) bits = (bits << 5n) | BigInt(DIGITS.indexOf(digit));
    const [kind, key, tag] = [bits >> 52n, (bits >> 36n) & 0xffffn, (bits >> 4n) & 0xffffffffn];
    return OF_A_SPOT.includes(Number(kind)) ? { key: Number(key), tag: String(tag) } : null;
  }

  // The rally and the spot of a code, by what the worker keeps; null where it keeps nothing of them.
  const PAGES = "pages";
  const NAMES = /\/r\/[^/]+\/names$/;
  const namesOf = (rally) => `/r/${rally}/names`;

  async function named(code) {
    const meant = read(code);
    try {
      const pages = await caches.open(PAGES);
      for (const request of meant ? await pages.keys() : []) {
        if (!NAMES.test(request.url)) continue;
        const known = await (await pages.match(request)).json();
        const spot = known.keys.includes(meant.key) && known.spots[meant.tag];
        if (spot) return { rally: known.rally, names: known.names, spot };
      }
    } catch {
      // storage is blocked, or there is none here: nothing is known
    }
    return null;
  }

  return {
    put, remove, all, answered, send, post, timed, decided, learn, skew, named, namesOf, PAGES,
    token, keepToken, owner, fetchCard, restore, alone,
  };
})();

// Whoever is forgotten leaves no copy behind.
if (self.document?.querySelector("[data-forgotten]")) Kept.keepToken(null);

// A page lets itself work without a network, once it is there, and says to the worker what to keep.
if (self.document && "serviceWorker" in navigator) {
  const start = async () => {
    try {
      await navigator.serviceWorker.register("/sw.js");
      const rally = document.querySelector("[data-rally]")?.dataset.rally;
      const language = new URLSearchParams(location.search).has("lang"); // it was just chosen
      (await navigator.serviceWorker.ready).active.postMessage({ rally, language });
    } catch {
      // blocked: the page works with a network
    }
  };
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
}
