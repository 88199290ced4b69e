// Answers and receipts that can be read again without a network.

import * as store from "./store.js";

/** most is how many answers are kept; receipts are kept for good. */
const most = 100;

/**
 * keep files an answer: {id, service, title, question, prompt, state, receipt,
 * block, at}. One with the same id takes its place.
 */
export async function keep(paper) {
  await store.put("papers", paper);
  const answers = (await list()).filter((p) => !p.receipt);
  for (const old of answers.slice(most)) await store.remove("papers", old.id);
}

/** list gives all papers, the newest first. */
export async function list() {
  return (await store.all("papers")).sort((a, b) => b.at.localeCompare(a.at));
}

/** last is the latest answer to the same question. */
export async function last(id) {
  return store.get("papers", id);
}

/** idOf names the answer to a form: the same question has the same name. */
export function idOf(form) {
  return JSON.stringify([form.service, Object.entries(form.inputs).sort()]);
}
