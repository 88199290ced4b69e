// The proof of a receipt: fetched when there is a network, checked on the phone,
// kept with the receipt, and given on as a file that needs no trust in the gateway.

import { checkProof, Problem } from "./gateway.js";
import { h } from "./dom.js";
import * as papers from "./papers.js";

/** proof draws what is proven of a paper, once it has been looked at. */
export function proof(app, paper) {
  const place = h("section", { "aria-live": "polite" }, h("p", { className: "meta" }, app.say("wait")));
  show(app, paper, place);
  return place;
}

async function show(app, paper, place) {
  const kept = await fetched(app, paper);
  if (!kept.proof) return place.replaceChildren(h("p", { className: "meta" }, kept.problem));
  try {
    const { block } = await checkProof(kept.proof);
    place.replaceChildren(h("h2", {}, app.say("proof")),
      h("p", {}, kept.state !== "refused" && kept.block > 0 && `${app.say("block")} ${kept.block}. `, h("strong", { className: "proven" }, app.say("proven"))),
      h("p", {}, block ? app.say("anchored", { block }) : app.say("anchorWaits")),
      h("p", { className: "meta" }, app.say("proofHint")), file(app, kept));
  } catch {
    place.replaceChildren(h("p", { className: "paper bad", role: "alert" }, app.say("unproven")));
  }
}

/** fetched is the paper with its latest proof. One whose checkpoint is on the ledger is asked for no more. */
async function fetched(app, paper) {
  if (paper.proof?.anchor?.state === "recorded" && paper.proof.leaves.length > 1) return paper;
  try {
    const { block } = await app.gateway.operation(app.lang, paper.receipt);
    const kept = { ...paper, block: block ?? paper.block, proof: await app.gateway.proof(app.lang, paper.receipt) };
    await papers.keep(kept);
    return kept;
  } catch (error) {
    return { ...paper, problem: error instanceof Problem ? error.title : app.say("noQuestion") };
  }
}

/** file are buttons that keep the proof outside the app. */
function file(app, paper) {
  const name = `setu-${paper.receipt}.json`;
  const made = new File([JSON.stringify(paper.proof)], name, { type: "application/json" });
  const save = () => {
    const href = URL.createObjectURL(made);
    h("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  };
  const share = () => navigator.share({ files: [made], title: name }).catch(() => {}); // she may think better of it
  return h("div", { className: "buttons" },
    h("button", { className: "button plain", type: "button", onclick: save }, app.say("saveProof")),
    navigator.canShare?.({ files: [made] }) && h("button", { className: "button plain", type: "button", onclick: share }, app.say("share")));
}
