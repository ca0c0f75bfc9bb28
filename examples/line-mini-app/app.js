// The page: LINE's scanner on one side, Meguri on the other.
import { LIFF_ID, MEGURI, RALLY } from "./config.js";
import { Meguri } from "./meguri.js";
import { LANGUAGE, named, words } from "./words.js";

const at = (id) => document.getElementById(id);
const meguri = new Meguri(MEGURI, RALLY, told);
let spots = {};
let prizes = {};

function told(scan, { body }) {
  say(words[body.outcome]?.(spots[body.spot] ?? body.spot) ?? body.detail);
  if (body.card) show(body.card);
}

function say(text) {
  at("said").textContent = text;
  showWaiting();
}

function showWaiting() {
  const n = meguri.waiting.length;
  at("waiting").hidden = n === 0;
  at("waiting").textContent = words.waiting(n);
}

function line(text, note) {
  const item = document.createElement("li");
  const small = document.createElement("small");
  small.textContent = note;
  item.append(text, " ", small);
  return item;
}

function show(card) {
  at("title").textContent = words.stamps(card.stamps);
  const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
  const stamps = card.spots.map(({ spot, at: when }) => line(spots[spot] ?? spot, day.format(new Date(when))));
  at("stamps").replaceChildren(...(stamps.length ? stamps : [line(words.none, "")]));
  at("prizes").replaceChildren(
    ...card.prizes.map(({ prize, met, have, need }) =>
      line(prizes[prize] ?? prize, met ? words.reached : words.to_go(need - have)),
    ),
  );
}

async function scan() {
  try {
    const { value } = await liff.scanCodeV2();
    if (!value) return; // closed without a scan
    say("");
    await meguri.scan(value);
    showWaiting();
  } catch {
    say(words.no_camera);
  }
}

// Prizes are shown at the counter, and addresses given, on the service's own pages: they are given
// the card by a code that is good once.
async function openWhole() {
  try {
    const { status, body } = await meguri.move();
    if (status !== 201) return say(body.detail);
    liff.openWindow({ url: `${MEGURI}/move/${body.code}`, external: false });
  } catch {
    say(words.unreachable);
  }
}

async function begin() {
  document.documentElement.lang = LANGUAGE;
  at("scan").textContent = words.scan;
  at("prizes-title").textContent = words.prizes;
  at("whole").textContent = words.whole;
  await liff.init({ liffId: LIFF_ID });
  at("scan").addEventListener("click", scan);
  at("whole").addEventListener("click", openWhole);
  at("scan").disabled = at("whole").disabled = false;
  addEventListener("online", () => meguri.send());
  const { body } = await meguri.rally();
  at("name").textContent = document.title = named(body.plan.names);
  spots = Object.fromEntries(body.plan.spots.map(({ id, names }) => [id, named(names)]));
  prizes = Object.fromEntries(body.plan.prizes.map(({ id, names }) => [id, named(names)]));
  show((await meguri.card()).body);
  await meguri.send(); // what an earlier opening has kept
  showWaiting();
}

begin().catch(() => say(words.unreachable));
