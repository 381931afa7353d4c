import assert from "node:assert/strict";
import { test } from "node:test";
import { ageOf, barsOf, percentOf } from "./age.ts";

test("an age has digits and a unit", () => {
  assert.deepEqual([0, 59.9, 60, 83, 3723].map(ageOf), [["0", "s"], ["59", "s"], ["1:00", "ms"], ["1:23", "ms"], ["1:02:03", "hms"]]);
});

test("a share is cut off, never rounded up, and nothing of nothing is no share", () => {
  assert.deepEqual([percentOf(899, 1000), percentOf(999, 1000), percentOf(7, 7), percentOf(0, 0)], [89, 99, 100, null]);
});

test("bars and means share one scale, and what is to come has no bar", () => {
  const { most, bars } = barsOf([{ calls: 2, mean: 3.5 }, { calls: null, mean: null }], 100);
  assert.equal(most, 4);
  assert.deepEqual(bars, [{ calls: 50, mean: 87.5 }, { calls: null, mean: null }]);
  assert.equal(barsOf([], 100).most, 1);
});
