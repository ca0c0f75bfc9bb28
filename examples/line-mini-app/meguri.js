// Meguri's API as a mini-app uses it: somebody, a scan, a card. It knows nothing of LINE.
//
// A scan is kept before it is sent, with an id and its own time. An answer that was lost on its way
// is asked for again with the same id, which stamps once, however often it arrives.

const AGAIN = [429, 500, 502, 503, 504];
const ANSWER_MS_MAX = 15_000;
const PAUSE_MS_MAX = 60_000;

export class Meguri {
  #address;
  #rally;
  #told;
  #sending = false;
  #failures = 0;
  #next = null;

  // `told(scan, answer)` hears of every scan that was answered: status and body.
  constructor(address, rally, told) {
    this.#address = address;
    this.#rally = rally;
    this.#told = told;
  }

  get waiting() {
    return this.#read("scans") ?? [];
  }

  rally() {
    return this.#ask("GET", `/api/rallies/${this.#rally}`);
  }

  async card() {
    return this.#ask("GET", `/api/rallies/${this.#rally}/card`, await this.#token());
  }

  // A code by which a browser takes this card over, on a page of the service: good once.
  async move() {
    return this.#ask("POST", "/api/card-moves", await this.#token(), { rally: this.#rally });
  }

  scan(code) {
    const scan = { code, scan_id: crypto.randomUUID(), scanned_at: new Date().toISOString() };
    this.#write("scans", [...this.waiting, scan]);
    return this.send();
  }

  // Sends what waits, the oldest first; what finds no answer is sent again by itself.
  async send() {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#next);
    try {
      for (let scan = this.waiting[0]; scan; scan = this.waiting[0]) {
        const answer = await this.#ask("POST", "/api/check-ins", await this.#token(), scan);
        if (AGAIN.includes(answer.status)) return this.#later(answer.wait_s);
        this.#write("scans", this.waiting.filter((other) => other.scan_id !== scan.scan_id));
        this.#failures = 0;
        this.#told(scan, answer);
      }
    } catch {
      this.#later(0); // no network, or the answer was lost: whether it has arrived need not be known
    } finally {
      this.#sending = false;
    }
  }

  // Later each time, and not all phones at the same moment.
  #later(wait_s) {
    const pause_ms = Math.min(1000 * 2 ** this.#failures++, PAUSE_MS_MAX);
    const again = Math.max(1000 * wait_s, pause_ms) * (1 + Math.random() / 2);
    this.#next = setTimeout(() => this.send(), again);
  }

  // Who has no token yet asks for one: a random number, no account and nothing of LINE's.
  async #token() {
    const known = this.#read("token");
    if (known) return known;
    const { status, body } = await this.#ask("POST", "/api/visitors", null, {});
    if (status !== 201) throw new Error(body.detail);
    this.#write("token", body.token);
    return body.token;
  }

  async #ask(method, path, token, body) {
    const headers = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(this.#address + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const wait_s = Number(answer.headers.get("Retry-After")) || 0;
    return { status: answer.status, wait_s, body: await answer.json() };
  }

  #read(name) {
    return JSON.parse(localStorage.getItem(`meguri-${name}`));
  }

  #write(name, value) {
    localStorage.setItem(`meguri-${name}`, JSON.stringify(value));
  }
}
