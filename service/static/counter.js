// The counter: a press that gets no answer is sent again with the same id until it has one, so it
// counts once; and the button that takes a hand-over back goes when its minute is over.

const AGAIN_MS = [1_000, 2_000, 4_000, 8_000];
const ANSWER_MS_MAX = 10_000;
const SERVER_BUSY = [429, 502, 503, 504];
const ENTRY = "input[name=code][autofocus]";

let wake = null; // of whoever waits to send again
let ticking = null;

function pause(attempt) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      wake = null;
      resolve();
    };
    const timer = setTimeout(end, AGAIN_MS[Math.min(attempt, AGAIN_MS.length - 1)]);
    wake = end;
  });
}

// The page that answers; only one of ours ends the waiting, not a hotspot's sign-in.
async function answered(form, body) {
  const answer = await fetch(form.action, {
    method: "POST",
    body,
    headers: { Accept: "text/html" },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (SERVER_BUSY.includes(answer.status)) throw new Error(String(answer.status));
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = read.getElementById("main");
  if (!main || answer.redirected) throw new Error("not ours");
  return { main, title: read.title };
}

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const told = document.getElementById("steady");
  for (const one of document.querySelectorAll("#main button, #main input")) {
    if (!told.contains(one)) one.disabled = true;
  }
  for (let attempt = 0; ; attempt += 1) {
    try {
      return show(await answered(form, body));
    } catch {
      told.hidden = false;
    }
    await pause(attempt);
  }
}

function show({ main, title }) {
  document.title = title;
  document.getElementById("main").replaceWith(document.adoptNode(main));
  ready();
}

// The seconds that are left are the server's; only their passing is ours.
function countDown(button) {
  const seconds = button.querySelector("[data-seconds]");
  const ends = performance.now() + Number(button.dataset.undoS) * 1_000;
  clearInterval(ticking);
  ticking = setInterval(() => {
    const left = Math.ceil((ends - performance.now()) / 1_000);
    seconds.textContent = Math.max(left, 0);
    if (left > 0 || button.disabled) return;
    clearInterval(ticking);
    button.form.hidden = true;
  }, 250);
}

function ready() {
  for (const form of document.querySelectorAll("form[data-steady]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form, event.submitter);
    });
  }
  document.querySelector("[data-now]")?.addEventListener("click", () => wake?.());
  const undo = document.querySelector("[data-undo-s]");
  if (undo) countDown(undo);
  // On opening, the browser's own autofocus does it.
  if (document.readyState === "complete") document.querySelector(ENTRY)?.focus();
}

// What a scanner types goes into its field, wherever the cursor was left: the Enter at its end must
// press no button.
addEventListener("keydown", (event) => {
  const field = document.querySelector(ENTRY);
  const typed = event.key.length === 1 && event.key !== " ";
  const commanded = event.ctrlKey || event.metaKey || event.altKey;
  const elsewhere = !document.activeElement?.matches("input, select, textarea");
  if (field && !field.disabled && typed && !commanded && elsewhere) field.focus();
});
addEventListener("online", () => wake?.());

ready();
