// What is kept on the phone, with a store and locks in memory in the browser's place.

import assert from "node:assert/strict";
import { register } from "node:module";
import { beforeEach, test } from "node:test";

const client = new URL("../../client/setu.js", import.meta.url).href;
register(`data:text/javascript,${encodeURIComponent(`export const resolve = (name, context, next) =>
  name === "/v1/setu.js" ? { url: ${JSON.stringify(client)}, shortCircuit: true } : next(name, context);`)}`);

const data = { memo: new Map(), outbox: new Map(), papers: new Map() };
const keyOf = { outbox: "key", papers: "id" };
globalThis.indexedDB = { open: () => later({ result: { transaction } }, "onsuccess") };
function later(object, event) {
  setTimeout(() => object[event]());
  return object;
}
function transaction(name) {
  const all = data[name];
  const objectStore = () => ({
    get: (key) => ({ result: structuredClone(all.get(key)) }),
    getAll: () => ({ result: structuredClone([...all.values()]) }),
    put: (value, key) => ({ result: all.set(key ?? value[keyOf[name]], structuredClone(value)) }),
    delete: (key) => ({ result: all.delete(key) }),
    clear: () => ({ result: all.clear() }),
  });
  return later({ objectStore }, "oncomplete");
}

const held = {};
const request = (name, act) => (held[name] = Promise.resolve(held[name]).then(act, act));
Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
globalThis.location = { origin: "https://setu.example" };

const [outbox, notices, store, { Problem }] = await Promise.all(
  ["outbox", "notices", "store", "gateway"].map((name) => import(`../web/js/${name}.js`)));

beforeEach(() => Object.values(data).forEach((one) => one.clear()));

/** keep puts papers with a receipt on the phone, the oldest first. */
function keep(...papers) {
  papers.forEach((p, i) => data.papers.set(p.id, { receipt: p.id, lang: "bn", state: "received", at: `2025-01-0${i + 1}`, ...p }));
}

/** says is a gateway that says where receipts stand, or fails. */
const says = (standing) => ({
  operation: async (lang, receipt) => {
    if (standing[receipt] instanceof Error) throw standing[receipt];
    return { done: true, prompt: "", ...standing[receipt] };
  },
});
const stateOf = (id) => data.papers.get(id).state;
const problem = (status) => new Problem({ status, code: "x", title: "" });

test("a receipt that the gateway does not know keeps no other from its outcome", async () => {
  keep({ id: "old" }, { id: "unknown" });
  await outbox.follow(says({ unknown: problem(404), old: { state: "recorded" } }));
  assert.equal(stateOf("old"), "recorded");
});

test("where the gateway cannot answer now, nothing else is asked", async () => {
  keep({ id: "old" }, { id: "busy" });
  await outbox.follow(says({ busy: problem(503), old: { state: "recorded" } }));
  assert.equal(stateOf("old"), "received");
});

test("what an undo took back is what the gateway says", async () => {
  for (const state of ["withdrawn", "recorded"]) {
    keep({ id: "first", state: "recorded" }, { id: "undo", state: "recorded", code: "undone", undoes: "first" });
    assert.equal(await outbox.follow(says({ first: { state } })), 1);
    assert.equal(stateOf("first"), state);
    assert.equal(await outbox.follow(says({ first: { state: "withdrawn" } })), 0, "asked once");
  }
});

test("an undo that is answered later reaches what it took back", async () => {
  keep({ id: "first", state: "recorded" }, { id: "undo", undoes: "first" });
  await outbox.follow(says({ undo: { done: false }, first: { state: "withdrawn" } }));
  assert.equal(stateOf("first"), "recorded", "it has no outcome yet");
  await outbox.follow(says({ undo: { state: "recorded", code: "undone" }, first: new Error("offline") }));
  assert.deepEqual([stateOf("undo"), stateOf("first")], ["recorded", "recorded"]);
  data.memo.set("notices", [{ receipt: "first", state: "recorded", prompt: "Done." }]); // told before
  await outbox.follow(says({ first: { state: "withdrawn" } }));
  assert.equal(stateOf("first"), "withdrawn");
});

test("what is under way when all is deleted writes nothing back", async () => {
  let answer, asked;
  const asks = new Promise((done) => (asked = done));
  const gateway = { number: async () => "1", form: () => (asked(), new Promise((done) => (answer = done))) };
  await outbox.put({ number: "1", lang: "bn", form: { service: "s" } });
  const sent = outbox.flush(gateway);
  await asks;
  const cleared = store.clear();
  setTimeout(() => answer({ state: "recorded", receipt: "1" }), 20);
  await Promise.all([sent, cleared]);
  assert.equal(data.papers.size, 0);
});

test("news of a paper that was deleted meanwhile is not kept", async () => {
  keep({ id: "one" });
  await outbox.follow({ operation: async () => (await store.clear(), { done: true, state: "recorded" }) });
  assert.equal(data.papers.size, 0);
});

test("what is told to a phone that is nobody's by now is not kept", async () => {
  const gateway = { async *follow() { yield { changes: [{ id: "1" }], cursor: "c" }; } };
  const hear = () => notices.follow(gateway, "bn", new AbortController().signal, () => {});
  await hear();
  assert.equal(data.memo.size, 0);
  data.memo.set("key", {});
  await hear();
  assert.equal((await notices.list()).length, 1);
});
