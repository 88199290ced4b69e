// The gateway as the app sees it: a few questions, each one round trip, signed by
// the phone once it is confirmed for a number.

import * as phone from "./phone.js";

/** Problem is an answer of RFC 9457: its title is for the citizen, in her language. */
export class Problem extends Error {
  constructor(body) {
    super(body.title);
    Object.assign(this, body);
    this.name = "Problem";
  }

  /** passing says that the same request may succeed later. */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.code === "key-busy";
  }

  /** stranger says that the phone has to be confirmed for a number first. */
  get stranger() {
    return this.code === "log-in" || this.code === "device-unknown";
  }
}

/** Unreachable says that there was no answer at all. */
export class Unreachable extends Error {}

const patience = 20_000; // ms

/** ahead is how far the gateway's clock is before the phone's, in ms. */
let ahead = 0;

async function ask(method, path, { lang, body, key, as } = {}) {
  as ??= await phone.known();
  try {
    return await once(method, path, { lang, body, key, as });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.code === "device-unknown") await phone.forget();
    if (error.code !== "signature-clock" || !error.date) throw error;
    ahead = error.date - Date.now(); // the phone's clock is wrong, and its owner need not know
    return once(method, path, { lang, body, key, as });
  }
}

async function once(method, path, { lang, body, key, as }) {
  const url = new URL(`/v1${path}`, location.origin);
  const headers = { "Accept-Language": lang ?? "" };
  const text = body && JSON.stringify(body);
  if (text) headers["Content-Type"] = "application/json";
  if (as && method === "POST") headers["Idempotency-Key"] = key ?? crypto.randomUUID();
  if (as) await phone.sign(as, { method, url, headers, body: text }, (Date.now() + ahead) / 1000);
  let response;
  try {
    response = await fetch(url, { method, headers, body: text, signal: AbortSignal.timeout(patience) });
  } catch (cause) {
    throw new Unreachable("no answer", { cause });
  }
  const json = response.status === 204 ? undefined : await response.json().catch(() => ({ title: "" }));
  if (!response.ok) throw new Problem({ ...json, status: response.status, date: Date.parse(response.headers.get("Date")) });
  return json;
}

export const gateway = {
  services: (lang) => ask("GET", `/services?lang=${lang}`, { lang, as: false }),
  talk: (lang, body, key) => ask("POST", "/dialogue", { lang, body, key }),
  operation: (lang, receipt) => ask("GET", `/operations/${receipt}?lang=${lang}`, { lang, as: false }),

  known: phone.known,
  otp: (lang, number) => ask("POST", "/otp", { lang, body: { number }, as: false }),
  /** register confirms this phone for a number with the code that came by SMS. */
  async register(lang, number, otp) {
    const made = await phone.make(number);
    await ask("POST", "/devices", { lang, body: { number, otp, key: made.jwk, name: model() }, as: made });
    await phone.keep(made);
  },
  devices: async (lang) => (await ask("GET", "/devices", { lang })).devices,
  removeDevice: (lang, id) => ask("DELETE", `/devices/${id}`, { lang }),
  /** leave takes this phone from the number, and its key from the phone. */
  async leave(lang) {
    const { id } = await phone.known();
    await ask("DELETE", `/devices/${id}`, { lang });
    await phone.forget();
  },
};

/** model is what the phone is called among its owner's. */
function model() {
  return (navigator.userAgentData?.platform || /\(([^;)]+)/.exec(navigator.userAgent)?.[1] || "phone").slice(0, 40);
}
