// What this phone keeps: in IndexedDB, so that it outlives the page and is one
// for all tabs. Nothing of it is ever sent anywhere but to the gateway.

const version = 1;
const stores = {
  memo: {}, // name -> value: the catalogue, the language, the cursor
  outbox: { keyPath: "key" }, // requests that are to be sent
  papers: { keyPath: "id" }, // answers and receipts to read again
};

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("setu", version);
    request.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(stores)) request.result.createObjectStore(name, options);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** within does one thing in one transaction and gives its result once it is kept. */
async function within(store, mode, act) {
  const db = await open();
  return new Promise((resolve, reject) => {
    const t = db.transaction(store, mode, { durability: "strict" });
    const request = act(t.objectStore(store));
    t.oncomplete = () => resolve(request.result);
    t.onabort = () => reject(t.error);
  });
}

export const get = (store, key) => within(store, "readonly", (s) => s.get(key));
export const all = (store) => within(store, "readonly", (s) => s.getAll());
export const put = (store, value, key) => within(store, "readwrite", (s) => s.put(value, key));
export const remove = (store, key) => within(store, "readwrite", (s) => s.delete(key));

/** alone does something while no other tab does anything of the same name. */
export const alone = (name, act) => (navigator.locks ? navigator.locks.request(`setu-${name}`, act) : act());

/** clear forgets all, once nothing is under way that would write something back. */
export const clear = () => alone("outbox", () => alone("notices", async () => {
  for (const store of Object.keys(stores)) await within(store, "readwrite", (s) => s.clear());
}));
