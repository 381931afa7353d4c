import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoud, ringsNow } from "./ring.ts";

const now = { fresh: false, waiting: 1, ready: true, sinceMs: 4_000 };

test("it rings on while somebody waits and this desk is ready", () => {
  assert.equal(ringsNow(now), true);
  assert.equal(ringsNow({ ...now, sinceMs: 1_000 }), false);
  assert.equal(ringsNow({ ...now, waiting: 0 }), false);
  assert.equal(ringsNow({ ...now, ready: false }), false);
});

test("somebody new rings at once, at every desk; louder when somebody has waited for long", () => {
  assert.equal(ringsNow({ ...now, fresh: true, ready: false, sinceMs: 0 }), true);
  assert.equal(isLoud([3, 19]), false);
  assert.equal(isLoud([3, 20]), true);
});
