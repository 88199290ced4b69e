// Requests on their way to the gateway. Each is kept on the phone before it is
// sent, under a key of its own, and the same key goes with every try: however
// often the network breaks, the gateway does it once.

import * as store from "./store.js";
import * as papers from "./papers.js";
import { Problem, passing, stranger } from "./gateway.js";

/** put keeps a request, and gives its key. */
export async function put({ lang, form, title, question }) {
  const key = crypto.randomUUID();
  await store.put("outbox", { key, lang, form, title, question, at: new Date().toISOString() });
  return key;
}

/** waiting are the requests that are not sent, the oldest first. */
export async function waiting() {
  return (await store.all("outbox")).sort((a, b) => a.at.localeCompare(b.at));
}

/**
 * flush sends what waits, in order, and gives what each came to: key -> {result:
 * answer or Problem, paper}. It stops where the network does. One tab sends at a
 * time.
 */
export async function flush(gateway) {
  const came = new Map();
  const send = async () => {
    for (const one of await waiting()) {
      const result = await attempt(gateway, one);
      if (!result) return;
      const paper = paperOf(one, result);
      await papers.keep(paper);
      await store.remove("outbox", one.key);
      came.set(one.key, { result, paper });
    }
  };
  await (navigator.locks ? navigator.locks.request("setu-outbox", send) : send());
  return came;
}

/**
 * attempt is an answer, a Problem that no further try would mend, or nothing. What
 * needs a number waits until the phone is confirmed for one.
 */
async function attempt(gateway, one) {
  try {
    return await gateway.form(one.lang, one.form, one.key);
  } catch (error) {
    return error instanceof Problem && !passing(error) && !stranger(error) ? error : undefined;
  }
}

/** stateOf: what the gateway still has a question about is not taken, unless it was asked for before and is known by that receipt. */
function stateOf(result) {
  if (result instanceof Problem) return "refused";
  if (result.state !== "asking") return result.state;
  if (!result.repeated) return "refused";
  return result.code ? "recorded" : "received";
}

/** paperOf is what is kept of a request. */
function paperOf(one, result) {
  const refused = result instanceof Problem;
  return {
    id: one.key, service: one.form.service, title: one.title, question: one.question, lang: one.lang,
    prompt: refused ? result.title : result.prompt,
    state: stateOf(result),
    receipt: result.receipt, block: result.as_of?.block, at: one.at,
  };
}

/** follow asks again about receipts that had no outcome yet. */
export async function follow(gateway, lang) {
  for (const paper of await papers.list()) {
    if (!paper.receipt || !["received", "later"].includes(paper.state)) continue;
    try {
      const o = await gateway.operation(lang, paper.receipt);
      if (o.done) await papers.keep({ ...paper, state: o.state, prompt: o.prompt, block: o.block });
    } catch {
      return; // the next time
    }
  }
}
