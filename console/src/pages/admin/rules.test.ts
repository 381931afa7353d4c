import assert from "node:assert/strict";
import { test } from "node:test";
import { rowOf, ruleOf } from "./rules.ts";

test("a rule comes back from the form as it went in", () => {
  const rule = {
    kinds: ["laut"], priorities: ["P1" as const], places: ["35.29.01", "island"], hours: [{ days: [5, 6], from: "22:00", to: "06:00" }],
    agencies: [
      { agency: "sar", accept_within_s: 60, next: "bpbd", caller_number: false },
      { agency: "bpbd", accept_within_s: null, next: null, caller_number: null },
      { agency: "polair", accept_within_s: null, next: null, caller_number: true },
    ],
    automatic: true, note: "malam",
  };
  assert.deepEqual(ruleOf(rowOf({ number: 1, ...rule })), rule);
});
