// Takes the query code from behind the `#` of a receipt's QR code: browsers send that part to nobody.
(() => {
  "use strict";
  const code = new URLSearchParams(window.location.hash.slice(1)).get("code");
  const field = document.getElementById("code");
  if (!code || !field) return;
  field.value = code;
  // Gone from the address and the history of the device.
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
})();
