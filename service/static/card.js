// The card: sends what the phone has kept, and says what waits and what became of it.

const AGAIN_MS = 15_000;

const section = document.getElementById("kept");
const list = document.getElementById("kept-list");
const { rally, now, visitor } = section.dataset; // no `now`: a page that the worker has kept
const TRIED = "meguri-card-tried";
if (now) Kept.learn(now);

const nameOf = (spot) => document.querySelector(`#spot-${CSS.escape(spot)} b span`)?.textContent ?? spot;

function say(text, sort) {
  const line = document.createElement("li");
  line.className = sort;
  line.textContent = text;
  list.append(line);
  return line;
}

// Where they were made, as far as this phone knows.
async function namesOf(scans) {
  const found = await Promise.all(scans.map(({ code }) => Kept.named(code)));
  return found.filter(Boolean).map(({ spot }) => spot);
}

async function tell(scans) {
  const waiting = scans.filter((scan) => !scan.done && !scan.told);
  const names = await namesOf(waiting);
  const { one, many } = section.dataset;
  list.replaceChildren();
  if (waiting.length) say(waiting.length === 1 ? one : many.replace("{n}", waiting.length), "waits");
  for (const { text, language } of names) say(text, "where").lang = language;
  for (const { status, body } of scans.map(({ done, told }) => done ?? told).filter(Boolean)) {
    if (status === 201) say(section.dataset.stamped.replace("{spot}", nameOf(body.spot)), "good");
    else if (status !== 200) say(body.detail, "bad");
  }
  section.hidden = !list.children.length;
}

async function redraw() {
  const part = await fetch(`/r/${rally}?part=card`, { cache: "no-store" });
  if (part.ok) document.getElementById("card").innerHTML = await part.text();
}

// The card beside its copy: the cookie's is the one that counts, unless it is empty and there is
// another copy: then its cookie was lost, and the copy brings the card back. Tried once, as some
// browsers keep no cookie at all. Says whether the page begins anew.
async function keepCard() {
  const copy = Kept.token();
  const lost = copy && (!visitor || "empty" in section.dataset);
  if (visitor && Kept.owner(copy) === visitor) sessionStorage.removeItem(TRIED);
  else if (lost && sessionStorage.getItem(TRIED)) return false;
  else if (lost && (await Kept.fetchCard(copy))) {
    sessionStorage.setItem(TRIED, "yes");
    location.reload();
    return true;
  } else if (visitor) await Kept.fetchCard(null);
  return false;
}

let settled = !now; // whom a kept page names may be this phone's visitor no more
let sending = false;
let again = null;

async function send() {
  if (sending) return;
  sending = true;
  try {
    if (!settled && (await Kept.alone(keepCard))) return;
    settled = true;
    await Kept.send();
  } catch {
    // no network, or a busy server: they wait on
  }
  sending = false;
  const scans = await Kept.all();
  const done = scans.filter((scan) => scan.done);
  try {
    if (done.length) await redraw();
  } catch {
    // the card that is shown is the one seen last
  }
  await tell(scans);
  for (const scan of done) Kept.remove(scan.id);
  clearTimeout(again);
  if (scans.some((scan) => !scan.done && !scan.told)) again = setTimeout(send, AGAIN_MS);
}

addEventListener("online", send);
navigator.serviceWorker?.addEventListener("message", send);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") send();
});
send();
