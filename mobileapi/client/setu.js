// The client of Setu's mobile API: an ES module without dependencies, for
// browsers and for Node 20 and later. Its types are in setu.d.ts, which
// is generated from the description of the API.
//
//   const setu = new Setu({ url: "https://setu.example", lang: "bn" });
//   await setu.sendOTP("9830000001");
//   await setu.logIn("9830000001", otp, "My phone");
//   const answer = await setu.form("benefit", { want: "status", card: "1000000001" });
//
// The key is made here by WebCrypto and cannot be exported; where it is kept is
// up to the `keys` that are given. What is sent with `confirm` gets an
// Idempotency-Key: send it again with the same key until there is an answer, and it is
// done once.

/** @typedef {import("./setu.d.ts").Answer} Answer */

const enc = new TextEncoder();

// What is signed once more: the clock of this phone is wrong or the service was just started, or the browser sent the
// same request a second time by itself, as it may when a connection that it had kept breaks.
const again = ["signature-clock", "signature-replayed"];

const base64 = (octets) => btoa(String.fromCharCode(...new Uint8Array(octets)));
const base64url = (octets) => base64(octets).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const sha256 = async (octets) => new Uint8Array(await crypto.subtle.digest("SHA-256", octets));

/** What the service says when it does not do something (RFC 9457). */
export class Problem extends Error {
  /** @param {import("./setu.d.ts").ProblemDetails} problem */
  constructor(problem) {
    super(problem.title);
    this.name = "Problem";
    this.code = problem.code;
    this.status = problem.status;
    this.hint = problem.hint;
    this.retryAfter = problem.retry_after;
  }
}

/** There was no answer: the network is gone, or the service. What was asked may or may not have been done. */
export class Offline extends Error {
  constructor(cause) {
    super("no answer from the service", { cause });
    this.name = "Offline";
  }
}

/** Keys in memory: they are gone with the page. */
export class MemoryKeys {
  #kept = null;
  async load() {
    return this.#kept;
  }
  async save(kept) {
    this.#kept = kept;
  }
}

/** Keys in IndexedDB: they stay on the phone, and scripts can use them but not read them. */
export class StoredKeys {
  #name;
  constructor(name = "setu") {
    this.#name = name;
  }
  async #store(mode, act) {
    const db = await new Promise((done, failed) => {
      const open = indexedDB.open(this.#name, 1);
      open.onupgradeneeded = () => open.result.createObjectStore("keys");
      open.onsuccess = () => done(open.result);
      open.onerror = () => failed(open.error);
    });
    try {
      return await new Promise((done, failed) => {
        const asked = act(db.transaction("keys", mode).objectStore("keys"));
        asked.onsuccess = () => done(asked.result ?? null);
        asked.onerror = () => failed(asked.error);
      });
    } finally {
      db.close();
    }
  }
  load() {
    return this.#store("readonly", (keys) => keys.get("device"));
  }
  save(kept) {
    return this.#store("readwrite", (keys) => (kept ? keys.put(kept, "device") : keys.delete("device")));
  }
}

export class Setu {
  #url;
  #keys;
  #fetch;
  #skew = 0; // of our clock against the service's, in seconds

  /**
   * @param {{url: string, lang?: "bn"|"hi"|"en", keys?: {load(): Promise<any>, save(kept: any): Promise<void>},
   *   fetch?: typeof fetch}} options
   */
  constructor({ url, lang = "bn", keys = new MemoryKeys(), fetch = globalThis.fetch }) {
    this.#url = new URL(url);
    this.lang = lang;
    this.#keys = keys;
    this.#fetch = (...args) => fetch(...args);
  }

  // --- open to everybody ---------------------------------------------------

  /** All services, with what is needed to draw every form. */
  services() {
    return this.#ask("GET", "/v1/services", { signed: "never" });
  }

  /**
   * Sends a whole form. A transaction needs `confirm` and gets a key of its own unless one is given: keep it with the
   * form, and send both again after an Offline.
   */
  form(service, inputs, { confirm = false, key = confirm ? Setu.newKey() : undefined } = {}) {
    return this.#ask("POST", "/v1/dialogue", { body: { service, inputs, ...(confirm && { confirm }) }, key });
  }

  /** Goes on with the rest of a form that was asked for. */
  rest(session, inputs, { confirm = false, key = Setu.newKey() } = {}) {
    return this.#ask("POST", "/v1/dialogue", { body: { session, inputs, ...(confirm && { confirm }) }, key });
  }

  /** Opens the menu, or a service to go through step by step. */
  begin(service, { key = Setu.newKey() } = {}) {
    return this.#ask("POST", "/v1/dialogue", { body: service ? { service } : {}, key });
  }

  /** Gives one input of a dialogue: a text, the value of an option, or 0 to go back. */
  step(session, input, { key = Setu.newKey() } = {}) {
    return this.#ask("POST", "/v1/dialogue", { body: { session, input }, key });
  }

  /** Where a transaction stands. */
  operation(receipt) {
    return this.#ask("GET", `/v1/operations/${encodeURIComponent(receipt)}`, { signed: "never" });
  }

  /** What can be shown of a transaction; to the phones of who made it, also their signature. */
  receipt(receipt) {
    return this.#ask("GET", `/v1/receipts/${encodeURIComponent(receipt)}`, {});
  }

  /** The proof of a receipt, for {@link checkProof} and for setu-verify. */
  proof(receipt) {
    return this.#ask("GET", `/v1/receipts/${encodeURIComponent(receipt)}/proof`, { signed: "never" });
  }

  /** Is this file the one that was issued? Its hash is made here, and the file stays here. */
  async checkFile(file) {
    const octets = file instanceof ArrayBuffer || ArrayBuffer.isView(file) ? file : await file.arrayBuffer();
    const hash = Array.from(await sha256(octets), (o) => o.toString(16).padStart(2, "0")).join("");
    return this.form("document", { want: "file", hash });
  }

  // --- login ---------------------------------------------------------------

  /** Has a one-time password sent to a number. */
  sendOTP(number) {
    return this.#ask("POST", "/v1/otp", { body: { number }, signed: "never" });
  }

  /** Makes a key on this phone and binds it to the number. */
  async logIn(number, otp, name) {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const id = base64url(await sha256(enc.encode(JSON.stringify({ crv, kty, x, y }))));
    const kept = { id, key: pair.privateKey };
    const device = await this.#ask("POST", "/v1/devices", { body: { number, otp, key: { kty, crv, x, y }, name }, by: kept });
    await this.#keys.save(kept);
    return device;
  }

  /** The identifier of this phone; null before it is logged in. */
  async device() {
    return (await this.#keys.load())?.id ?? null;
  }

  /** The citizen's phones. */
  devices() {
    return this.#ask("GET", "/v1/devices", { signed: "always" });
  }

  /** Takes a phone from the citizen's; this one forgets its key. */
  async removeDevice(id) {
    await this.#ask("DELETE", `/v1/devices/${encodeURIComponent(id)}`, { signed: "always" });
    if (id === (await this.device())) await this.#keys.save(null);
  }

  /** The language of her SMS and calls, and whether she is sent messages. */
  preferences() {
    return this.#ask("GET", "/v1/preferences", { signed: "always" });
  }

  /** Changes them, on every channel. */
  setPreferences({ lang, messages }) {
    return this.#ask("PUT", "/v1/preferences", { body: { lang, messages }, signed: "always" });
  }

  // --- what she is told later ----------------------------------------------

  /** What was told since a cursor; with wait, as soon as there is something, for that many seconds. */
  changes(since = "", wait = 0) {
    const query = new URLSearchParams({ ...(since && { since }), ...(wait && { wait }) });
    return this.#ask("GET", `/v1/changes${String(query) && `?${query}`}`, { signed: "always" });
  }

  /**
   * Hands over changes as they come, until `signal` ends it: by WebSocket, or by waiting requests where there is none or
   * a proxy lets none through.
   */
  async *follow(since = "", { signal, WebSocket = globalThis.WebSocket } = {}) {
    let sockets = Boolean(WebSocket);
    for (let pause = 1; !signal?.aborted; ) {
      try {
        const source = sockets ? this.#socket(since, signal, WebSocket) : [await this.changes(since, 25)];
        for await (const page of source) {
          pause = 1;
          since = page.cursor;
          if (page.changes.length) yield page;
        }
      } catch (err) {
        if (err instanceof Problem && err.status !== 429 && err.status !== 503) throw err;
        if (err.name === "NoSocket") sockets = false;
        await sleep(pause, signal);
        pause = Math.min(60, pause * 2);
      }
    }
  }

  async *#socket(since, signal, WebSocket) {
    const { ticket } = await this.#ask("POST", "/v1/live", { signed: "always" });
    if (signal?.aborted) return; // it tells those only who listen then
    const at = new URL(`/v1/live?${new URLSearchParams({ ticket, ...(since && { since }) })}`, this.#url);
    at.protocol = at.protocol.replace("http", "ws");
    const socket = new WebSocket(at);
    const queue = [];
    let wake = () => {};
    let opened = false;
    let ended = false;
    const end = () => {
      ended = true;
      wake();
    };
    socket.onopen = () => (opened = true);
    socket.onmessage = ({ data }) => {
      queue.push(JSON.parse(data));
      wake();
    };
    socket.onclose = socket.onerror = end;
    const stop = () => socket.close();
    signal?.addEventListener("abort", stop);
    try {
      while (true) {
        while (queue.length) yield queue.shift();
        if (ended) break;
        await new Promise((done) => (wake = done));
      }
    } finally {
      signal?.removeEventListener("abort", stop);
      socket.close();
    }
    if (!opened && !signal?.aborted) throw Object.assign(new Error("no WebSocket gets through"), { name: "NoSocket" });
  }

  // --- requests ------------------------------------------------------------

  /** A name for a request that is to be done once. */
  static newKey() {
    return crypto.randomUUID();
  }

  async #ask(method, path, { body, key, signed = "maybe", by } = {}) {
    const { lang } = this; // another request may speak another one meanwhile
    const kept = by ?? (signed === "never" ? null : await this.#keys.load());
    if (signed === "always" && !kept) {
      throw new Problem({ title: "log in first", status: 401, code: "signature-missing" });
    }
    try {
      return await this.#once(method, path, body, key, kept, lang);
    } catch (err) {
      if (!(err instanceof Problem) || !again.includes(err.code)) throw err;
      return this.#once(method, path, body, key, kept, lang);
    }
  }

  async #once(method, path, body, key, kept, lang) {
    const url = new URL(path, this.#url);
    const headers = { "Accept-Language": lang };
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined) headers["Content-Type"] = "application/json";
    if (key && kept) headers["Idempotency-Key"] = key;
    if (kept) await this.#sign(method, url, headers, text, kept);
    let response;
    try {
      response = await this.#fetch(url, { method, headers, body: text });
    } catch (err) {
      throw new Offline(err);
    }
    if (response.status === 204) return undefined;
    let answer;
    try {
      answer = await response.json();
    } catch (err) {
      throw new Offline(err);
    }
    if (response.ok) return answer;
    const date = Date.parse(response.headers.get("date") ?? "");
    if (answer.code === "signature-clock" && !Number.isNaN(date)) this.#skew = Math.floor((date - Date.now()) / 1000) + 1;
    throw new Problem(answer);
  }

  /** Signs a request by RFC 9421, in the profile that the description tells. */
  async #sign(method, url, headers, text, { id, key }) {
    if (text !== undefined) headers["Content-Digest"] = `sha-256=:${base64(await sha256(enc.encode(text)))}:`;
    const covered = [
      ["@method", method],
      ["@authority", url.host],
      ["@path", url.pathname],
      ["@query", url.search || "?"],
    ];
    for (const name of ["Content-Type", "Content-Digest", "Idempotency-Key"]) {
      if (headers[name]) covered.push([name.toLowerCase(), headers[name]]);
    }
    const created = Math.floor(Date.now() / 1000) + this.#skew;
    const params =
      `(${covered.map(([name]) => `"${name}"`).join(" ")});created=${created};nonce="${crypto.randomUUID()}"` +
      `;keyid="${id}";alg="ecdsa-p256-sha256";tag="setu-app"`;
    const base = covered.map(([name, value]) => `"${name}": ${value}\n`).join("") + `"@signature-params": ${params}`;
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, enc.encode(base));
    headers["Signature-Input"] = `phone=${params}`;
    headers["Signature"] = `phone=:${base64(signature)}:`;
  }
}

const unbase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** root is that of a tree of `size` leaves by the path from one of them (RFC 9162 section 2.1.3.2). */
async function root({ index, leaf, path }, size) {
  let hash = await sha256(new Uint8Array([0, ...enc.encode(leaf)]));
  let last = size - 1;
  for (const other of path) {
    if (last === 0) return "";
    const left = index % 2 === 1 || index === last;
    hash = await sha256(new Uint8Array([1, ...(left ? unbase64(other) : hash), ...(left ? hash : unbase64(other))]));
    while (left && index % 2 === 0 && index > 0) [index, last] = [index / 2, Math.floor(last / 2)];
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 ? base64(hash) : "";
}

/**
 * Does a proof show that its receipt is in the log, and how it ended? Gives the leaves, and the ledger's block that holds
 * the checkpoint once there is one; throws if it does not hold. Who signed the checkpoint is for setu-verify, with a key that
 * came by another way.
 */
export async function checkProof(proof) {
  const [, size, sealed] = proof.checkpoint.split("\n");
  const leaves = proof.leaves.map((one) => JSON.parse(one.leaf));
  const { anchor } = proof;
  let holds = leaves[0]?.kind === "decision" && leaves.every((leaf) => leaf.receipt === proof.receipt);
  for (const one of proof.leaves) holds &&= one.index < Number(size) && (await root(one, Number(size))) === sealed;
  if (anchor) holds &&= anchor.root === sealed && anchor.size === Number(size);
  if (!holds) throw new Error("the proof does not hold");
  return { decision: leaves[0], outcome: leaves[1], block: anchor?.state === "recorded" ? anchor.block : undefined };
}

function sleep(seconds, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}
