// A citizen's app by the client kit: logs in with the sandbox's one-time password, asks, files a transaction twice with
// one key, follows its outcome, checks a file, and logs out. Prints one line of JSON for each step.
import { Setu, Problem, Offline, checkProof } from "../../mobileapi/client/setu.js";

const [url, number] = process.argv.slice(2);
const say = (event, more) => console.log(JSON.stringify({ event, ...more }));
const setu = new Setu({ url, lang: "hi" });

const list = await setu.services();
say("services", { count: list.services.length, lang: list.lang });
const open = await setu.form("document", { want: "number", number: "WB10000001" });
say("open", { state: open.state, code: open.code });
await setu.form("benefit", { want: "status", card: "1000000001" }).catch((err) => say("refused", { code: err.code, problem: err instanceof Problem }));

const sent = await setu.sendOTP(number);
const device = await setu.logIn(number, sent.sandbox_otp, "Node");
say("device", { current: device.current, same: device.id === (await setu.device()) });
const query = await setu.form("benefit", { want: "status", card: "1000000001" });
say("query", { state: query.state, code: query.code });

const stop = new AbortController();
const told = (async () => {
  for await (const page of setu.follow("", { signal: stop.signal })) {
    const result = page.changes.find((c) => c.class === "result");
    if (result) return result;
  }
})();
const key = Setu.newKey();
const form = ["benefit", { want: "received", card: "1000000001" }, { confirm: true, key }];
// The first answer is lost on its way: what was asked is sent again.
let lost = 0;
const flaky = new Setu({ url, lang: "hi", keys: { load: async () => kept, save: async () => {} }, fetch: async (...a) => {
  const answer = await fetch(...a);
  if (lost++ === 0) throw new TypeError("network is gone");
  return answer;
} });
let kept;
const keys = { load: async () => kept, save: async (k) => { kept = k; } };
const own = new Setu({ url, lang: "hi", keys });
await own.logIn(number, (await own.sendOTP(number)).sandbox_otp, "Node again");
const first = await flaky.form(...form).catch((err) => err);
say("offline", { offline: first instanceof Offline });
const again = await flaky.form(...form);
say("transaction", { state: again.state, code: again.code, receipt: again.receipt });
const result = await told;
stop.abort();
say("told", { same: result.receipt === again.receipt, code: result.code });
const receipt = await flaky.receipt(again.receipt);
say("receipt", { state: receipt.state, proof: Boolean(receipt.device) });
const proof = await setu.proof(again.receipt);
const shown = await checkProof(proof);
const forged = structuredClone(proof);
forged.leaves[1].leaf = forged.leaves[1].leaf.replace("done", "nope");
say("proof", { code: shown.outcome.code, forged: await checkProof(forged).then(() => true, () => false) });
const file = await setu.checkFile(new TextEncoder().encode("no such file"));
say("file", { state: file.state, code: file.code });
const { devices } = await setu.devices();
await setu.removeDevice(devices.find((d) => d.current).id);
say("out", { phones: devices.length, device: await setu.device() });
