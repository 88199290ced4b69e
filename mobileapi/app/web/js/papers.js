// Answers and receipts that can be read again without a network.

import * as store from "./store.js";

/** most is how many answers are kept; receipts are kept for good. */
const most = 100;

/**
 * keep files an answer: {id, number, service, title, question, prompt, state,
 * code, receipt, block, at}, and the id of the paper that it undoes. One with the same id takes its place. Without a number it is
 * an answer to anybody.
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

/** readBy says of a paper whether who holds a number may read it. */
export const readBy = (number) => (paper) => !paper.number || paper.number === number;

/** get is a paper, such as the last answer to a question; nothing if it is not for who holds the number. */
export async function get(id, number) {
  const paper = await store.get("papers", id);
  return paper && readBy(number)(paper) ? paper : undefined;
}

/** remove drops a paper. */
export const remove = (id) => store.remove("papers", id);

/** idOf names the answer to a form: the same question has the same name. */
export function idOf(form) {
  return JSON.stringify([form.service, Object.entries(form.inputs).sort()]);
}
