import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY_MS, Tolling } from "./tolling.ts";

test("it sounds at once and every 15 s until somebody has looked, whoever looked before it did", () => {
  const tolling = new Tolling();
  tolling.look(["a"]); // its report was in front all the while
  assert.equal(tolling.due(["a"], 0), true);
  assert.equal(tolling.due(["a"], EVERY_MS - 1), false);
  assert.equal(tolling.due(["a"], EVERY_MS), true);
  tolling.look(["a"]);
  assert.equal(tolling.due(["a"], 2 * EVERY_MS), false);
});

test("another one sounds at once, and so does what grew worse", () => {
  const tolling = new Tolling();
  assert.equal(tolling.due(["a 1"], 0), true);
  tolling.look(["a 1"]);
  assert.equal(tolling.due(["a 1", "b"], 1), true);
  tolling.look(["b"]);
  assert.equal(tolling.due(["a 2", "b"], 2), true);
});

test("what went away and came again is new", () => {
  const tolling = new Tolling();
  tolling.due(["a"], 0);
  tolling.look(["a"]);
  assert.equal(tolling.due([], EVERY_MS), false);
  assert.equal(tolling.due(["a"], 2 * EVERY_MS), true);
});
