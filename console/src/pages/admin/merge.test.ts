import assert from "node:assert/strict";
import { test } from "node:test";
import { differing, merge, same } from "./merge.ts";

const base = { name: "Damkar", url: "a", kinds: ["laut"] };

test("what only one of two changed is taken, whoever it was", () => {
  const found = merge(base, { ...base, name: "Pemadam" }, { ...base, url: "b" });
  assert.deepEqual(found, { mine: { ...base, name: "Pemadam", url: "b" }, conflicts: {} });
});

test("what both changed is a conflict and keeps what I wrote; the same change is none", () => {
  const mine = { ...base, name: "Pemadam", kinds: ["laut", "banjir"] };
  const found = merge(base, mine, { ...base, name: "Pemadam", kinds: [] });
  assert.deepEqual(found, { mine, conflicts: { kinds: [] } });
});

test("the order of names is no difference, the order of a list is one", () => {
  assert.ok(same({ P1: 1, P2: 2 }, { P2: 2, P1: 1 }));
  assert.deepEqual(differing({ a: [1, 2], b: null }, { a: [2, 1], b: null }), ["a"]);
});
