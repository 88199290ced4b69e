import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryKeys, Problem, Setu } from "../../client/setu.js";

/** confirmed is a client with a key, whose requests answer answers. */
async function confirmed(answer) {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const keys = new MemoryKeys();
  await keys.save({ id: "phone", key: pair.privateKey });
  return new Setu({ url: "https://setu.example", lang: "bn", keys, fetch: async (url, options) => answer(options.headers, url) });
}

const json = (status, body) => new Response(JSON.stringify(body), { status, headers: { date: new Date().toUTCString() } });

for (const code of ["signature-replayed", "signature-clock"]) {
  test(`${code}: signed once more, as the same request`, async () => {
    const sent = [];
    const setu = await confirmed((headers) => {
      sent.push(headers);
      return sent.length === 1 ? json(401, { code, status: 401, title: "" }) : json(201, { state: "recorded" });
    });
    assert.equal((await setu.form("benefit", {}, { confirm: true })).state, "recorded");
    assert.equal(sent[0]["Idempotency-Key"], sent[1]["Idempotency-Key"]);
    assert.notEqual(sent[0]["Signature-Input"], sent[1]["Signature-Input"], "the nonce is another");
  });
  test(`${code}: twice is told`, async () => {
    const setu = await confirmed(() => json(401, { code, status: 401, title: "" }));
    await assert.rejects(setu.form("benefit", {}, { confirm: true }), (err) => err instanceof Problem && err.code === code);
  });
}

test("a request keeps the language that it was asked in", async () => {
  const setu = await confirmed((headers) => json(200, { lang: headers["Accept-Language"] }));
  const asked = setu.preferences();
  setu.lang = "hi";
  assert.equal((await asked).lang, "bn");
});

test("who stops listening before there is a ticket opens no socket", async () => {
  const stop = new AbortController();
  const setu = await confirmed(() => {
    stop.abort();
    return json(201, { ticket: "t", expires: "" });
  });
  let opened = 0;
  class Socket {
    constructor() {
      opened++;
      setTimeout(() => this.onclose());
    }
    close() {}
  }
  for await (const page of setu.follow("", { signal: stop.signal, WebSocket: Socket })) assert.fail(`told ${page}`);
  assert.equal(opened, 0);
});
