// SPDX-License-Identifier: Apache-2.0
// SHELL (addresses of the shell) and VERSION stand above: the server writes them.
"use strict";
const SHELL_CACHE = `shell-${VERSION}`;
const PAGES = "pages";
const OFFLINE = SHELL[SHELL.length - 1];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL_CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("shell-") && name !== SHELL_CACHE;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

// The resident's own pages are kept as last seen. Signing out (or being sent to the login) forgets them.
const isKept = (url) => url.origin === self.location.origin && ["/", "/forbruk/", "/varsler/"].includes(url.pathname);
async function answerPage(request) {
  const url = new URL(request.url);
  try {
    const response = await fetch(request);
    const cache = await caches.open(PAGES);
    if (response.redirected || response.status === 401) await caches.delete(PAGES);
    else if (response.ok && isKept(url)) await cache.put(request, response.clone());
    return response;
  } catch {
    return (await caches.match(request)) || (await caches.match(OFFLINE));
  }
}
async function answerFile(request) {
  return (await caches.match(request)) || fetch(request);
}
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname.endsWith("/logout/")) event.waitUntil(caches.delete(PAGES));
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(answerPage(request));
  else if (url.pathname.startsWith("/static/")) event.respondWith(answerFile(request));
});
// A message says only that there is something: what it is stands on the page.
self.addEventListener("push", (event) => {
  const text = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(text.title || "Avlest", { body: text.body || "", icon: "/static/portal/icon-192.png", data: { url: text.url || "/" } }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
