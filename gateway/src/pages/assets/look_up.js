// The QR code of a receipt carries the query code behind `#`, which no browser sends. It is put into its field and taken out of the
// address, so that it stands in no history and no picture of the screen.
(() => {
  "use strict";
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  const field = document.getElementById("code");
  if (!code || !field) return;
  field.value = code.slice(0, field.maxLength);
  history.replaceState(null, "", location.pathname + location.search);
  document.querySelector("main form button")?.focus();
})();
