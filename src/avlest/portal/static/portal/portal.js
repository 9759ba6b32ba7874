// SPDX-License-Identifier: Apache-2.0
// Comfort only: every page works without it.
"use strict";
// After a form with errors the summary gets the focus, so that a screen reader says it.
document.querySelector("[data-focus]")?.focus();
document.addEventListener("htmx:afterSwap", (event) => event.target.querySelector("[data-focus]")?.focus());
// Escape and a click elsewhere close the settings.
const settings = document.querySelector("details.settings");
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && settings?.open) { settings.open = false; settings.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => { if (settings?.open && !settings.contains(event.target)) settings.open = false; });
if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register(document.body.dataset.worker).catch(() => {});
}
