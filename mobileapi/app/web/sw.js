// Keeps the app's own files, so that it opens without a network. The gateway
// fills in the version, which is the hash of all of them, and their list: a
// changed file is a new worker, with a store of its own.

const cacheName = "setu-{{version}}";
const files = {{files}};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(files.map((f) => new Request(f, { cache: "no-cache" })))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys().then((names) =>
    Promise.all(names.filter((n) => n.startsWith("setu-") && n !== cacheName).map((n) => caches.delete(n)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !files.includes(url.pathname)) return;
  event.respondWith(caches.match(url.pathname, { cacheName }).then((kept) => kept ?? fetch(event.request)));
});
