// The screen on the wall: fills it at a tap, and asks the device to stay awake while it is looked at.

const button = document.getElementById("whole-screen");
const page = document.documentElement;

if (page.requestFullscreen) {
  button.hidden = false;
  button.addEventListener("click", () => page.requestFullscreen().catch(() => {}));
  document.addEventListener("fullscreenchange", () => {
    button.hidden = document.fullscreenElement !== null;
  });
}

async function stayAwake() {
  if (document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // low battery, or not allowed: the device sleeps when it likes
  }
}

document.addEventListener("visibilitychange", stayAwake);
stayAwake();
