// SPDX-License-Identifier: Apache-2.0
// Messages on this device: asked for by a tap, never at load. E-mail and SMS work without.
"use strict";
const place = document.getElementById("push");
const button = place?.querySelector("button");
const say = (text) => { document.getElementById("push-state").textContent = text; };
function toBytes(text) {
  const padded = text.replace(/-/g, "+").replace(/_/g, "/").padEnd(Math.ceil(text.length / 4) * 4, "=");
  return Uint8Array.from(atob(padded), (letter) => letter.charCodeAt(0));
}
async function turnOn() {
  try {
    const worker = await navigator.serviceWorker.ready;
    const found = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: toBytes(place.dataset.key) });
    const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
    const answer = await fetch(place.dataset.address, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(found) });
    if (!answer.ok) throw new Error(String(answer.status));
    say((await answer.json()).text);
  } catch { say(place.dataset.refused); }
}
if (button && "serviceWorker" in navigator && "PushManager" in window) {
  button.hidden = false;
  button.addEventListener("click", turnOn);
}
