// The gateway as the app sees it: the client of its API, with the phone's key and
// its number kept beside what else the phone keeps.

import { checkProof, Offline, Problem, Setu } from "/v1/setu.js";
import * as notices from "./notices.js";
import * as store from "./store.js";

export { checkProof, Offline, Problem };

const patience = 20_000; // ms

const keys = {
  load: async () => (await store.get("memo", "key")) ?? null,
  save: (kept) => (kept ? store.put("memo", kept, "key") : forget()),
};

async function forget() {
  await store.remove("memo", "key"); // first: without it nothing is kept of what is still told
  await store.remove("memo", "number");
  await notices.forget();
}

const setu = new Setu({
  url: location.origin, keys,
  fetch(url, options) {
    const end = new AbortController(); // AbortSignal.timeout is younger than many phones
    setTimeout(() => end.abort(), url.searchParams.has("wait") ? 2 * patience : patience);
    return fetch(url, { ...options, signal: end.signal });
  },
});

/** passing says that the same request may succeed later. */
export const passing = (problem) => problem.status >= 500 || problem.status === 429 || problem.code === "key-busy";

/** stranger says that the phone has to be confirmed for a number first. */
export const stranger = (problem) => problem.code === "log-in" || problem.code === "device-unknown";

/** speaking asks in a language. A phone that was removed elsewhere forgets its key. */
async function speaking(lang, ask) {
  setu.lang = lang;
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Problem && error.code === "device-unknown") await forget();
    throw error;
  }
}

export const gateway = {
  services: (lang) => speaking(lang, () => setu.services()),
  /** form sends {service, inputs, confirm}; the same key is done once. */
  form: (lang, { service, inputs, confirm }, key) => speaking(lang, () => setu.form(service, inputs, { confirm, key: key ?? Setu.newKey() })),
  step: (lang, session, input) => speaking(lang, () => setu.step(session, input)),
  /** takeBack takes back the citizen's latest transaction. The same two keys do it once. */
  takeBack: (lang, [begin, cancel]) => speaking(lang, async () => {
    const { session } = await setu.begin(undefined, { key: begin });
    return setu.step(session, "CANCEL", { key: cancel });
  }),
  proof: (lang, receipt) => speaking(lang, () => setu.proof(receipt)),
  operation: (lang, receipt) => speaking(lang, () => setu.operation(receipt)),

  /** number is whose phone this is; undefined if it is not confirmed for any. */
  number: async () => ((await setu.device()) ? store.get("memo", "number") : undefined),
  otp: (lang, number) => speaking(lang, () => setu.sendOTP(number)),
  /** register confirms this phone for a number with the code that came by SMS. */
  async register(lang, number, otp) {
    await speaking(lang, () => setu.logIn(number, otp, model()));
    await store.put("memo", number, "number");
  },
  preferences: (lang) => speaking(lang, () => setu.preferences()),
  setPreferences: (lang, preferences) => speaking(lang, () => setu.setPreferences(preferences)),
  /** follow hands over pages of what is told, as it comes, behind a cursor. */
  follow: (lang, since, signal) => ((setu.lang = lang), setu.follow(since, { signal })),
  devices: async (lang) => (await speaking(lang, () => setu.devices())).devices,
  removeDevice: (lang, id) => speaking(lang, () => setu.removeDevice(id)),
  /** leave takes this phone from the number, and its key from the phone. */
  leave: (lang) => speaking(lang, async () => setu.removeDevice(await setu.device())),
};

/** model is what the phone is called among its owner's. */
function model() {
  return (navigator.userAgentData?.platform || /\(([^;)]+)/.exec(navigator.userAgent)?.[1] || "phone").slice(0, 40);
}
