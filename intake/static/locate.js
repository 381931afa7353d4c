// The caller's page: asks the browser for its position when the button is pressed, and sends it as the page's own form.
"use strict";

const button = document.getElementById("tell");
const said = document.getElementById("said");
const form = document.getElementById("position");

function say(what, bad) {
  said.textContent = said.dataset[what];
  said.classList.toggle("bad", bad);
  said.hidden = false;
  button.disabled = false;
}

function found(position) {
  const { latitude, longitude, accuracy } = position.coords;
  form.elements.lat.value = latitude.toFixed(7);
  form.elements.lon.value = longitude.toFixed(7);
  form.elements.accuracy.value = accuracy.toFixed(1);
  form.elements.at.value = Math.round(position.timestamp);
  form.submit();
}

button.addEventListener("click", () => {
  if (!window.isSecureContext || !navigator.geolocation) {
    say("insecure", true);
    return;
  }
  say("looking", false);
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(
    found,
    (error) => say(error.code === error.PERMISSION_DENIED ? "denied" : "unknown", true),
    { enableHighAccuracy: true, timeout: 45000, maximumAge: 0 },
  );
});

document.getElementById("no-script").hidden = true; // it stands there until this runs: a script may also fail to load
button.hidden = false;
