import assert from "node:assert/strict";
import { test } from "node:test";
import { tabsOf, tooMany } from "./tabs.ts";

test("the oldest tabs make room, and none that waits, talks or is not saved", () => {
  const none = (): boolean => false;
  assert.deepEqual(tooMany(["1", "2", "3"], 3, none), []);
  assert.deepEqual(tooMany(["1", "2", "3", "4"], 3, none), ["1"]);
  assert.deepEqual(tooMany(["1", "2", "3", "4"], 3, (one) => one === "1"), ["2"]);
  assert.deepEqual(tooMany(["1", "2", "3", "4", "5"], 3, (one) => one !== "4"), ["4"]);
  assert.deepEqual(tooMany(["1", "2", "3", "4"], 3, () => true), []);
});

test("tabs outlive a reload; what is not readable is none", () => {
  const kept = { open: ["1", "2"], front: "2", waiting: ["1"] };
  assert.deepEqual(tabsOf(JSON.stringify(kept)), kept);
  assert.deepEqual(tabsOf(JSON.stringify({ ...kept, front: "9", waiting: ["9"] })), { open: ["1", "2"], front: null, waiting: [] });
  for (const text of [null, "", "{", "3", "{}"]) assert.deepEqual(tabsOf(text), { open: [], front: null, waiting: [] });
});
