import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { keys, languages, say } from "../web/js/words.js";
import { receiptIn } from "../web/js/qr.js";

test("every text is there in every language, in its script, with the same slots", () => {
  const scripts = { bn: /[\u0980-\u09ff]/, hi: /[\u0900-\u097f]/, en: /[a-z]/i };
  for (const key of keys) {
    const slots = languages.map((l) => (say(l, key).match(/\{\w+\}/g) ?? []).sort().join());
    assert.equal(new Set(slots).size, 1, `${key} has different slots`);
    for (const l of languages) {
      assert.match(say(l, key), scripts[l], `${key} in ${l}`);
      assert.equal(say(l, key), say(l, key).normalize("NFC").trim(), `${key} in ${l}`);
    }
  }
});

test("every text that a page says is there, and no other", () => {
  const folder = new URL("../web/js/", import.meta.url);
  const source = readdirSync(folder, { recursive: true }).filter((f) => f.endsWith(".js") && f !== "words.js")
    .map((f) => readFileSync(new URL(f, folder), "utf8")).join("\n").replace(/className: "[^"]*"/g, "");
  for (const [, key] of source.matchAll(/\bsay\("(\w+)"/g)) assert.ok(keys.includes(key), `${key} is no text`);
  const states = ["recorded", "refused", "withdrawn", "held", "waiting", "received", "later"];
  for (const key of keys) assert.ok(states.includes(key) || new RegExp(`"${key}"`).test(source), `nothing says ${key}`);
});

test("a receipt is found in what a code says", () => {
  assert.equal(receiptIn("https://setu.example/#/r/123456789018"), "123456789018");
  assert.equal(receiptIn("1234-5678-9018"), "123456789018");
  assert.equal(receiptIn("https://elsewhere.example/1234"), undefined);
});
