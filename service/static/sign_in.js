// Takes the key from the address (after the #, which never leaves the browser) into the form.

const key = decodeURIComponent(location.hash.slice(1)).replace(/^token=/, "");
if (key) {
  history.replaceState(null, "", location.pathname + location.search);
  const form = document.getElementById("sign-in");
  form.elements.token.value = key;
  form.requestSubmit();
}
