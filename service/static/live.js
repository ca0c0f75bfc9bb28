// A live part of a page: the server sends it anew when it has changed, and we say so when it cannot.

const part = document.getElementById("live");
const connection = document.getElementById("connection");
const AGAIN_MS = 4_000;

let source = null;
let retry = null;

function say(state) {
  part.dataset.connection = state;
  for (const block of connection.querySelectorAll("[data-when]")) {
    block.hidden = block.dataset.when !== state;
  }
}

function numbers() {
  const found = [...part.querySelectorAll("[data-n]")];
  return new Map(found.map((element) => [element.dataset.n, element.textContent]));
}

function draw(html) {
  const before = numbers();
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  for (const element of part.querySelectorAll("[data-n]")) {
    if (before.get(element.dataset.n) !== element.textContent) element.classList.add("changed");
  }
}

function listen() {
  source?.close();
  source = new EventSource(part.dataset.live);
  source.addEventListener("open", () => say("live"));
  source.addEventListener("message", (event) => {
    say("live");
    draw(event.data);
  });
  source.addEventListener("error", () => {
    say("lost");
    // The browser reconnects by itself, except after an answer that is no stream.
    clearTimeout(retry);
    retry = setTimeout(listen, AGAIN_MS);
  });
  source.addEventListener("open", () => clearTimeout(retry));
}

// A browser holds few connections to a host: a page that nobody looks at gives its one back.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") source?.close();
  else listen();
});
addEventListener("online", listen);
addEventListener("offline", () => say("lost"));
addEventListener("pagehide", () => source?.close());

if (part.dataset.live) listen();
