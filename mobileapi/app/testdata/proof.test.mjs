import assert from "node:assert/strict";
import { test } from "node:test";
import { createHash } from "node:crypto";
import { checkProof } from "../../client/setu.js";

const hash = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const below = (n) => 2 ** Math.floor(Math.log2(n - 1)); // the largest power of two below n

// The tree and its paths as RFC 6962 section 2.1 defines them.
function tree(leaves) {
  if (leaves.length === 1) return hash(Buffer.from([0]), Buffer.from(leaves[0]));
  const k = below(leaves.length);
  return hash(Buffer.from([1]), tree(leaves.slice(0, k)), tree(leaves.slice(k)));
}
function path(m, leaves) {
  if (leaves.length === 1) return [];
  const k = below(leaves.length);
  return m < k ? [...path(m, leaves.slice(0, k)), tree(leaves.slice(k))] : [...path(m - k, leaves.slice(k)), tree(leaves.slice(0, k))];
}

const receipt = "105010855666";
const leafOf = (n) => JSON.stringify({ kind: "decision", n: String(n), receipt });

function proofOf(index, size) {
  const leaves = Array.from({ length: size }, (_, n) => leafOf(n));
  const root = tree(leaves).toString("base64");
  return {
    receipt, checkpoint: `setu/test\n${size}\n${root}\n\n— setu/test AAAA\n`,
    leaves: [{ index, leaf: leaves[index], path: path(index, leaves).map((h) => h.toString("base64")) }],
    anchor: { size, root, receipt, state: "recorded", block: 7 },
  };
}

test("every leaf of every small tree is proven", async () => {
  for (let size = 1; size <= 33; size++) {
    for (let index = 0; index < size; index++) {
      const shown = await checkProof(proofOf(index, size));
      assert.equal(shown.decision.n, String(index), `leaf ${index} of ${size}`);
      assert.equal(shown.block, 7);
    }
  }
});

const spoiled = {
  "another leaf": (p) => (p.leaves[0].leaf = leafOf(6)),
  "another place": (p) => (p.leaves[0].index = 6),
  "a place beyond the tree": (p) => (p.leaves[0].index += 16),
  "a path that is too short": (p) => p.leaves[0].path.pop(),
  "a path that is too long": (p) => p.leaves[0].path.push(p.leaves[0].path[0]),
  "another receipt": (p) => (p.receipt = "1"),
  "an anchor of something else": (p) => (p.anchor.root = "AAAA"),
  "no leaf": (p) => (p.leaves = []),
};
for (const [name, spoil] of Object.entries(spoiled)) {
  test(`${name} is not proven`, async () => {
    const proof = proofOf(5, 11);
    spoil(proof);
    await assert.rejects(checkProof(proof));
  });
}

test("an anchor that is not recorded is in no block", async () => {
  const proof = proofOf(0, 2);
  proof.anchor.state = "queued";
  assert.equal((await checkProof(proof)).block, undefined);
});
