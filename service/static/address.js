// The address form: keeps what is typed, fills in what a postcode tells, and never gets in the way.
// Without it the form's buttons do the same.

const form = document.getElementById("address");
const deletion = document.getElementById("delete");
const saved = document.getElementById("saved");
const told = document.getElementById("told");
const places = document.getElementById("places");
const { rally } = form.dataset;
const DRAFT = `/api/rallies/${rally}/address/draft`;
const UNSENT = `meguri-address:${rally}`; // in this tab alone, and only until it is saved
const FIELDS = [...form.querySelectorAll("input[id], select, textarea")];
const REST_MS = 700; // after the last key
const AGAIN_MS = 5_000;
const ANSWER_MS_MAX = 8_000;

let timer = null;
let sending = null;
let changed = false;
let stuck = false;
let going = false;

function typed() {
  const draft = { where: form.elements.where.value };
  for (const field of FIELDS) if (field.value) draft[field.name] = field.value;
  return draft;
}

function keepHere(draft) {
  try {
    if (draft) sessionStorage.setItem(UNSENT, JSON.stringify(draft));
    else sessionStorage.removeItem(UNSENT);
  } catch {
    // blocked or full: the form itself has it
  }
}

function say(place, text) {
  // A screen reader tells what changes, so that the same is not said again.
  if (place.textContent !== text) place.textContent = text;
}

function soon(ms = REST_MS) {
  clearTimeout(timer);
  timer = setTimeout(save, ms);
}

function timed() {
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), ANSWER_MS_MAX);
  return giveUp.signal;
}

async function send() {
  changed = false;
  try {
    const answer = await fetch(DRAFT, {
      method: "PUT",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(typed()),
      keepalive: true,
      signal: timed(),
    });
    saved.classList.toggle("unsaved", !answer.ok);
    if (answer.ok) {
      if (!changed) keepHere(null);
      stuck = false;
      return say(saved, form.dataset.saved);
    }
    say(saved, (await answer.json()).detail);
    if (answer.status < 500 && answer.status !== 429) return; // the button will say so, too
  } catch {
    saved.classList.add("unsaved");
    say(saved, form.dataset.unsaved);
  }
  changed = stuck = true;
}

// One at a time, so that an older draft never arrives after a newer one.
function save() {
  clearTimeout(timer);
  if (going) return sending;
  sending ??= send().finally(() => {
    sending = null;
    if (changed) soon(stuck ? AGAIN_MS : REST_MS);
  });
  return sending;
}

function touched() {
  if (going) return;
  changed = true;
  keepHere(typed());
  soon();
}

// What was wrong with a field is not said any longer when it is mended; the button judges anew.
function mend(field) {
  if (!field.hasAttribute("aria-invalid")) return;
  field.removeAttribute("aria-invalid");
  document.getElementById(`${field.name}-fault`).textContent = "";
}

// Full-width digits, the sign for post and every kind of dash, as the server reads them.
function digits(text) {
  const plain = text.normalize("NFKC").replace(/[\s〒‐‑‒–—―−ーｰ~〜-]/g, "");
  return /^[0-9]{7}$/.test(plain) ? plain : null;
}

function fill(place) {
  const { prefecture, city, street } = form.elements;
  prefecture.value = place.prefecture;
  city.value = place.city;
  // A street without a number is a town, as the last postcode told it.
  if (!/\p{Nd}/u.test(street.value.normalize("NFKC"))) street.value = place.town;
  for (const field of [prefecture, city, street]) mend(field);
  places.hidden = true;
  say(told, form.dataset.filled);
  touched();
}

function offer(found) {
  const buttons = found.map((place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "choice";
    button.textContent = place.prefecture + place.city + place.town;
    button.addEventListener("click", () => {
      fill(place);
      form.elements.street.focus();
    });
    return button;
  });
  places.querySelector(".choices").replaceChildren(...buttons);
  places.hidden = false;
  say(told, "");
}

let lookedUp = form.elements.city.value ? digits(form.elements.postcode.value) : null;

async function look() {
  const postcode = digits(form.elements.postcode.value);
  if (postcode === lookedUp) return;
  lookedUp = postcode;
  places.hidden = true;
  say(told, "");
  if (!postcode) return;
  try {
    const answer = await fetch(`/api/postcodes/${postcode}`, {
      headers: { Accept: "application/json" },
      signal: timed(),
    });
    if (postcode !== lookedUp) return; // another one was typed meanwhile
    if (answer.status === 404) return say(told, form.dataset.unknown);
    if (!answer.ok) throw new Error(answer.statusText);
    const found = (await answer.json()).places;
    if (found.length === 1) fill(found[0]);
    else offer(found);
  } catch {
    lookedUp = null; // the address can be typed; the postcode is asked for again when it changes
  }
}

form.addEventListener("input", (event) => {
  touched();
  if (event.target.id) mend(event.target);
  if (event.target.name === "postcode") look();
});
// Without a network the button waits, as the browser would show its own error in place of the form.
form.addEventListener("submit", async (event) => {
  if (going || (!changed && !sending)) return;
  event.preventDefault();
  const { submitter } = event;
  stuck = false;
  while (sending || (changed && !stuck)) await save();
  if (stuck && !navigator.onLine) return;
  going = true;
  clearTimeout(timer);
  if (form.requestSubmit) form.requestSubmit(submitter);
  else form.submit();
});
// What is deleted stays deleted: nothing is sent after it, and what is on its way arrives before.
deletion.addEventListener("submit", async (event) => {
  event.preventDefault();
  going = true;
  clearTimeout(timer);
  keepHere(null);
  await sending;
  changed = false;
  deletion.submit();
});
document.getElementById("look").hidden = true; // it is looked up while it is typed
addEventListener("online", () => changed && save());
addEventListener("pagehide", () => changed && !going && send());
addEventListener("pageshow", (event) => {
  if (event.persisted) going = false; // back from where a button led
});
if (new URLSearchParams(location.search).has("deleted")) {
  keepHere(null);
  history.replaceState(null, "", location.pathname); // what is typed from now on is new
}

// What this tab could not send before it was loaded again.
try {
  const unsent = JSON.parse(sessionStorage.getItem(UNSENT));
  if (unsent) {
    form.elements.where.value = unsent.where;
    for (const field of FIELDS) field.value = unsent[field.name] ?? "";
    touched();
  }
} catch {
  // nothing there, or blocked
}
look(); // what was typed and not looked up yet
