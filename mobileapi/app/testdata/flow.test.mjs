import assert from "node:assert/strict";
import { test } from "node:test";
import * as flow from "../web/js/flow.js";

const benefit = {
  id: "benefit", title: "Benefit", about: "", access: "number",
  steps: [
    { id: "want", prompt: "What?", input: { name: "want", type: "choice", options: [
      { value: "status", label: "Status", next: "card" }, { value: "received", label: "Received", next: "card-received" }] } },
    { id: "card", prompt: "Card?", input: { name: "card", type: "digits" }, call: "query" },
    { id: "card-received", prompt: "Card?", input: { name: "card", type: "digits" }, call: "transaction", confirm: "Payment on {card}?" },
  ],
};

test("a query is a form without a confirmation", () => {
  let f = flow.answer(flow.begin(benefit), "status", "Status");
  assert.equal(flow.step(f).id, "card");
  assert.ok(flow.asks(f));
  f = flow.answer(f, "1000000001");
  assert.ok(!flow.asks(f) && !flow.changes(f));
  assert.deepEqual(flow.form(f), { service: "benefit", inputs: { want: "status", card: "1000000001" } });
});

test("a transaction is confirmed with what was read", () => {
  const f = flow.answer(flow.answer(flow.begin(benefit), "received", "Received"), "1000000001", "1000 000 001");
  assert.ok(f.complete && flow.changes(f));
  assert.equal(flow.confirmation(f), "Payment on 1000 000 001?");
  assert.equal(flow.form(f).confirm, true);
});

test("what can be taken back, and for how long", () => {
  const undo = { id: "which", input: { type: "item" }, call: "transaction", undo_seconds: 600 };
  const list = { id: "list", call: "query", then: ["which"] };
  assert.equal(flow.undoable(flow.begin({ steps: [undo] })), 600);
  assert.equal(flow.undoable(flow.begin({ steps: [list, undo] })), 600, "a choice from a list");
  assert.equal(flow.undoable(flow.begin({ steps: [{ id: "price", call: "query" }, undo] })), 0);
});

test("back leads to the question before, and out of the first", () => {
  const first = flow.begin(benefit);
  assert.equal(flow.back(first), undefined);
  const second = flow.answer(first, "status");
  assert.equal(flow.step(flow.back(second)).id, "want");
  const done = flow.answer(second, "1");
  assert.equal(flow.step(flow.back(done)).id, "card");
  assert.ok(flow.asks(flow.back(done)));
});

test("a list of the ledger's is asked of the gateway", () => {
  const consent = { id: "consent", about: "Consents", steps: [{ id: "list", call: "query", then: ["which"] }, { id: "which", input: { type: "item" }, call: "transaction", confirm: "Sure?" }] };
  const f = flow.begin(consent);
  assert.ok(!flow.asks(f));
  assert.deepEqual(flow.form(f), { service: "consent", inputs: {} });
});
