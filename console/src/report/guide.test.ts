import assert from "node:assert/strict";
import test from "node:test";
import { follows, reached, steps, sumOf } from "./guide.ts";

const THRESHOLDS = { P1: 10, P2: 5 };
const kind = (priority: "P1" | "P2" | "P3") => ({ priority, thresholds: THRESHOLDS });

test("a sum reaches the most urgent of its thresholds", () => {
  assert.equal(sumOf([{ weight: 10 }, { weight: 0 }, { weight: 5 }]), 15);
  assert.deepEqual([4, 5, 9, 10].map((sum) => reached(sum, THRESHOLDS)), [null, "P2", "P2", "P1"]);
  assert.equal(reached(99, {}), null);
});

test("what the answers ask for is raised, or proposed where a person has set it lower", () => {
  assert.deepEqual(follows(kind("P3"), "P1", 10), { is: "raised", priority: "P1" });
  assert.deepEqual(follows(kind("P3"), "P3", 10), { is: "proposed", priority: "P1" });
  assert.deepEqual(follows(kind("P3"), null, 5), { is: "proposed", priority: "P2" });
  assert.deepEqual(follows(kind("P3"), "P1", 5), { is: "raised", priority: "P2" });
  assert.equal(follows(kind("P1"), "P1", 5), null);
  assert.equal(follows(kind("P3"), "P3", 0), null);
});

test("thresholds are shown the lowest first", () => {
  assert.deepEqual(steps(THRESHOLDS), [["P2", 5], ["P1", 10]]);
});
