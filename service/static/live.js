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

// Where an element is in the part: which child of which child. Drawn anew, it is there again.
function wayTo(element) {
  const way = [];
  for (let at = element; at !== part; at = at.parentElement) {
    way.unshift([...at.parentElement.children].indexOf(at));
  }
  return way;
}

function selecting() {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

let waiting = null;

function draw(html) {
  if (selecting()) {
    waiting = html; // somebody is copying a number: it stays until that is done
    return;
  }
  waiting = null;
  const before = numbers();
  const focused = document.activeElement;
  const way = part.contains(focused) && focused !== part ? wayTo(focused) : null;
  const open = [...part.querySelectorAll("details[open]")].map((details) => details.id);
  const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollLeft);
  part.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  part.querySelectorAll(".scroll").forEach((box, n) => (box.scrollLeft = scrolled[n] ?? 0));
  if (way) {
    const again = document.getElementById(focused.id) ?? way.reduce((at, n) => at?.children[n], part);
    again?.focus({ preventScroll: true });
  }
  for (const element of part.querySelectorAll("[data-n]")) {
    if (before.get(element.dataset.n) !== element.textContent) element.classList.add("changed");
  }
}

document.addEventListener("selectionchange", () => {
  if (waiting !== null && !selecting()) draw(waiting);
});

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
