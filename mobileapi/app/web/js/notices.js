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
function keep({ changes, cursor }) {
  return store.alone("notices", async () => {
    if (!(await store.get("memo", "key"))) return; // the phone is nobody's by now
    const before = (await list()).filter((old) => !changes.some((c) => c.id === old.id));
    await store.put("memo", [...[...changes].reverse(), ...before].slice(0, most), "notices");
    await store.put("memo", cursor, "cursor");
  });
}

/** forget drops all, when the phone is another's. */
export function forget() {
  return store.alone("notices", async () => {
    await store.remove("memo", "notices");
    await store.remove("memo", "cursor");
  });
}
