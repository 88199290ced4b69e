// Requests on their way to the gateway. Each is kept on the phone before it is
// sent, under a key of its own, and the same key goes with every try: however
// often the network breaks, the gateway does it once.

import * as store from "./store.js";
import * as notices from "./notices.js";
import * as papers from "./papers.js";
import { Problem, passing } from "./gateway.js";

/**
 * put keeps a request of a number, and gives its key. Only that number's key will
 * sign it; without a number it is asked of an open service by nobody in particular.
 */
export async function put({ number, lang, form, title, question }) {
  const key = crypto.randomUUID();
  navigator.storage?.persist?.().catch(() => {}); // so that a full phone does not drop what is to be sent
  await store.put("outbox", { key, number, lang, form, title, question, at: new Date().toISOString() });
  return key;
}

/** waiting are the requests that are not sent, the oldest first. */
export async function waiting() {
  return (await store.all("outbox")).sort((a, b) => a.at.localeCompare(b.at));
}

/** remove drops a request that is not sent. */
export const remove = (key) => store.remove("outbox", key);

/**
 * flush sends what waits of this phone's number, in order, and gives what each came
 * to: key -> {result: answer or Problem, paper}. It stops where the network does.
 * One tab sends at a time.
 */
export async function flush(gateway) {
  const came = new Map();
  await store.alone("outbox", async () => {
    for (const one of await waiting()) {
      const stays = await store.get("outbox", one.key); // she may have removed it meanwhile
      if (!stays || one.number !== (await gateway.number())) continue;
      const result = await attempt(gateway, one);
      if (!result) return;
      const paper = paperOf(one, result);
      await papers.keep(paper);
      await store.remove("outbox", one.key);
      came.set(one.key, { result, paper });
    }
  });
  return came;
}

/**
 * attempt is an answer, a Problem that no further try would mend, or nothing. A
 * signature that is not taken (401) says nothing of the request, which waits until
 * the phone is confirmed for its number.
 */
async function attempt(gateway, one) {
  try {
    return await gateway.form(one.lang, one.form, one.key);
  } catch (error) {
    return error instanceof Problem && !passing(error) && error.status !== 401 ? error : undefined;
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
    id: one.key, number: one.number, service: one.form.service, title: one.title, question: one.question, lang: one.lang,
    prompt: refused ? result.title : result.prompt,
    state: stateOf(result), code: refused ? undefined : result.code, receipt: result.receipt, block: result.as_of?.block, at: one.at,
  };
}

/**
 * follow brings receipts up to date: by what was told of them, and by asking about
 * those that had no outcome yet. It gives how many have news.
 */
export async function follow(gateway) {
  const told = await notices.list();
  let changed = 0;
  for (const { id } of await papers.list()) {
    const paper = await store.get("papers", id); // as it is by now
    if (!paper?.receipt || paper.state === "withdrawn") continue;
    try {
      const news = await outcome(gateway, paper, told);
      if (news) await update(paper.id, news);
      const undo = paper.undoes && (news || paper).state !== "received";
      if (undo) await settle(gateway, paper);
      if (news || undo) changed++;
    } catch (error) {
      if (!(error instanceof Problem) || passing(error)) break; // the next time
    }
  }
  return changed;
}

/**
 * settle marks what an undo was for as taken back, if the gateway says that it is:
 * what is undone is the number's latest transaction, which may have been another.
 */
async function settle(gateway, undo) {
  const paper = await store.get("papers", undo.undoes);
  const state = paper && (await gateway.operation(paper.lang, paper.receipt)).state;
  if (state === "withdrawn") await update(paper.id, { state });
  await update(undo.id, { undoes: undefined });
}

/** update writes what is new about a paper, if it is kept still. */
function update(id, news) {
  return store.alone("outbox", async () => {
    const paper = await store.get("papers", id);
    if (paper) await papers.keep({ ...paper, ...news });
  });
}

/**
 * outcome is what is new about a receipt, in the language of its paper; nothing if
 * nothing is. What she was told says what was done; where a receipt stands, only that.
 */
async function outcome(gateway, paper, told) {
  const said = told.find((one) => one.receipt === paper.receipt && ["recorded", "refused"].includes(one.state));
  if (said) return said.prompt !== paper.prompt && { state: said.state, code: said.code, prompt: said.prompt, block: said.as_of?.block ?? paper.block };
  if (paper.state !== "received") return undefined;
  const { done, state, code, prompt, block } = await gateway.operation(paper.lang, paper.receipt);
  return done && { state, code, prompt, block };
}
