// Signs of life of a spot's device, so that the organiser sees which are about, whose clock is wrong
// and which still keep what was not sent. A page that keeps something says how much in
// `document.documentElement.dataset.unsent`; counted heads (heads.js) are found on every page.

const EVERY_MS = 60_000;
const SIGNED_OUT = [401, 403];

function unsent() {
  const here = Number(document.documentElement.dataset.unsent) || 0;
  try {
    const heads = Object.keys(localStorage).filter((key) => key.startsWith("meguri-heads:"));
    return Math.max(here, heads.length);
  } catch {
    return here; // storage is blocked
  }
}

async function beat() {
  try {
    const answer = await fetch("/api/devices/beat", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ clock: new Date().toISOString(), unsent: unsent() }),
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
