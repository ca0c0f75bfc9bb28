// Lets the pages work without a network, once the page itself is there.

if ("serviceWorker" in navigator) {
  const start = () => navigator.serviceWorker.register("/sw.js").catch(() => {});
  if (document.readyState === "complete") start();
  else addEventListener("load", start, { once: true });
  // A language that was just chosen is said to the worker, which keeps a page in it.
  if (new URLSearchParams(location.search).has("lang")) {
    navigator.serviceWorker.ready.then((worker) => worker.active?.postMessage("language"));
  }
}
