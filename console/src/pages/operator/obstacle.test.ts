import assert from "node:assert/strict";
import { test } from "node:test";
import { obstacleOf } from "./obstacle.ts";

test("what stands in the way of a join is told by what both reports are", () => {
  assert.equal(obstacleOf("closed", "open"), "closedHere");
  assert.equal(obstacleOf("open", "resolved"), "overThere");
  assert.equal(obstacleOf("working", "closed"), "overThere");
  assert.equal(obstacleOf("working", "dispatched"), "apart");
});
