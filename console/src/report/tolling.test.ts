import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY_MS, Tolling } from "./tolling.ts";

test("it sounds at once and every 15 s until somebody has looked, whoever looked before it did", () => {
  const tolling = new Tolling();
  tolling.look(["a"]); // its report was in front all the while
  assert.ok(tolling.due(["a"], 0).length);
  assert.deepEqual(tolling.due(["a"], EVERY_MS - 1), []);
  assert.ok(tolling.due(["a"], EVERY_MS).length);
  tolling.look(["a"]);
  assert.deepEqual(tolling.due(["a"], 2 * EVERY_MS), []);
});

test("another one sounds at once, and so does what grew worse", () => {
  const tolling = new Tolling();
  assert.ok(tolling.due(["a 1"], 0).length);
  tolling.look(["a 1"]);
  assert.ok(tolling.due(["a 1", "b"], 1).length);
  tolling.look(["b"]);
  assert.ok(tolling.due(["a 2", "b"], 2).length);
});

test("what went away and came again is new", () => {
  const tolling = new Tolling();
  tolling.due(["a"], 0);
  tolling.look(["a"]);
  assert.deepEqual(tolling.due([], EVERY_MS), []);
  assert.ok(tolling.due(["a"], 2 * EVERY_MS).length);
});
