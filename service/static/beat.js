// Signs of life of a spot's device, so that the organiser sees which are about, whose clock is wrong
// and which still keep scans. Whatever keeps scans on a staff page says how many are unsent in
// `document.documentElement.dataset.unsent`.

const EVERY_MS = 60_000;
const SIGNED_OUT = [401, 403];

async function beat() {
  const unsent = Number(document.documentElement.dataset.unsent) || 0;
  try {
    const answer = await fetch("/api/devices/beat", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ clock: new Date().toISOString(), unsent }),
      signal: AbortSignal.timeout(15_000),
    });
    if (SIGNED_OUT.includes(answer.status)) clearInterval(timer);
  } catch {
    // no network: the next one tells
  }
}

const timer = setInterval(beat, EVERY_MS);
addEventListener("online", beat);
beat();
