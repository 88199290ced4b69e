import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, digits, follows, wrong } from "../web/js/check.js";

test("digits of three scripts are the same digits", () => {
  assert.equal(digits("১০০০ १२३ 45"), "1000 123 45");
  assert.equal(clean({ type: "digits" }, " ১০০০-0০0 001 "), "1000000001");
  assert.equal(clean({ type: "code" }, "wb 1000-0001"), "WB10000001");
  assert.equal(clean({ type: "number" }, "1,25,000.5"), "125000.5");
});

// The same examples as those of the gateway's own check.
test("check digits", () => {
  assert.ok(follows("damm", "5724") && !follows("damm", "5727"));
  assert.ok(follows("mod11", "1000000001") && !follows("mod11", "1000000002"));
  assert.ok(follows("verhoeff", "anything"), "a rule that is not known here is left to the gateway");
});

const at = new Date(2026, 10, 22);
const cases = [
  ["empty", { type: "text" }, "", "empty"],
  ["letters for digits", { type: "digits", min_length: 10, max_length: 10 }, "12a", "wrongDigits"],
  ["too few digits", { type: "digits", min_length: 10, max_length: 10 }, "123", "wrongLength"],
  ["a swapped digit", { type: "digits", min_length: 10, max_length: 10, check: "mod11" }, "1000000010", "wrongCheck"],
  ["a right card", { type: "digits", min_length: 10, max_length: 10, check: "mod11" }, "1000000001", undefined],
  ["beyond the range", { type: "number", min: "1", max: "9000" }, "9001", "wrongRange"],
  ["within the range", { type: "number", min: "1", max: "9000", decimals: 1 }, "12.5", undefined],
  ["zeros behind the point", { type: "number", min: "1", max: "9000", decimals: 1 }, "100.50", undefined],
  ["too many places", { type: "money", min: "1", max: "9000", decimals: 2 }, "12.505", "wrongDecimals"],
  ["no whole number", { type: "number", min: "1", max: "9000" }, "12.5", "wrongWhole"],
  ["a whole number", { type: "number", min: "1", max: "9000" }, "1200", undefined],
  ["another pattern", { type: "code", pattern: "AA99999999" }, "W100000001", "wrongPattern"],
  ["the pattern", { type: "code", pattern: "AA99999999" }, "WB10000001", undefined],
  ["31 February", { type: "date" }, "2026-02-31", "wrongDate"],
  ["yesterday", { type: "date", when: "future" }, "2026-11-21", "needFuture"],
  ["today", { type: "date", when: "future" }, "2026-11-22", undefined],
  ["tomorrow", { type: "date", when: "past" }, "2026-11-23", "needPast"],
  ["a number of a mobile", { type: "phone" }, "9830000001", undefined],
  ["a landline", { type: "phone" }, "2212345678", "wrongLength"],
  ["a long text in Bengali", { type: "text", max_length: 3 }, "কখগঘ", "tooLong"],
];
for (const [name, input, value, want] of cases) {
  test(name, () => assert.equal(wrong(input, value, at)?.text, want));
}
