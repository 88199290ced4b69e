// What the citizen is told apart from any question of hers: outcomes, answers that
// came late, notices. They are kept on the phone with the cursor behind them.

import * as store from "./store.js";

/** most is how many are kept. */
const most = 100;

/** list gives all, the newest first. */
export const list = async () => (await store.get("memo", "notices")) ?? [];

const cursor = async () => (await store.get("memo", "cursor")) ?? "";

/** follow hands over each page of news once it is kept, until signal ends it. */
export async function follow(gateway, lang, signal, told) {
  for await (const page of gateway.follow(lang, await cursor(), signal)) {
    if (signal.aborted) return; // the phone may be another's by now
    await keep(page);
    told(page);
  }
}

/** keep adds a page. Two tabs may be told the same. */
async function keep({ changes, cursor }) {
  const add = async () => {
    const before = (await list()).filter((old) => !changes.some((c) => c.id === old.id));
    await store.put("memo", [...[...changes].reverse(), ...before].slice(0, most), "notices");
    await store.put("memo", cursor, "cursor");
  };
  await (navigator.locks ? navigator.locks.request("setu-notices", add) : add());
}

/** forget drops all, when the phone is another's. */
export async function forget() {
  await store.remove("memo", "notices");
  await store.remove("memo", "cursor");
}
