import assert from "node:assert/strict";
import { test } from "node:test";
import { isAtWork } from "./atwork.ts";

const left = { types: false, inReport: true, closed: false, sinceMs: 60_000 };

test("a focus that was left on a button a minute ago does not hold the next call back", () => {
  assert.equal(isAtWork(left), false);
  assert.equal(isAtWork({ ...left, sinceMs: 2_000 }), true);
  assert.equal(isAtWork({ ...left, sinceMs: 2_000, closed: true }), false);
  assert.equal(isAtWork({ ...left, types: true }), true);
});
