// Scans that wait for a network, kept on the phone: for pages and for the service worker.
// A scan has one id for good, so sending it twice stamps once.

self.Kept = (() => {
  const STORE = "scans";
  const SCANS_MAX = 1_000; // in one request; service/api/batch.py
  const AGAIN = [429, 500, 502, 503, 504];

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

  function post(address, body) {
    return fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "same-origin",
    });
  }

  // Sends what waits; what came of it is kept until a page has told it. Throws without a network.
  async function send() {
    const waiting = (await all()).filter((scan) => !scan.done).slice(0, SCANS_MAX);
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
    if (sent.status === 401 && (await post("/api/visitors", {})).status === 201) {
      // A card that begins just now has no earlier scans: they are dated when they arrive.
      sent = await post("/api/check-ins/batch", { scans: scansOf(false) });
    }
    if (!sent.ok) throw new Error(String(sent.status));
    const { answers } = await sent.json();
    for (const [index, { status, body }] of answers.entries()) {
      if (AGAIN.includes(status)) continue;
      await inStore("readwrite", (store) => store.put({ ...waiting[index], done: { status, body } }));
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

  return { put, remove, all, send, learn, skew };
})();
