import assert from "node:assert/strict";
import { test } from "node:test";
import { oneAtATime } from "./once.ts";

test("asked three times while it runs, it runs once more, and then not", async () => {
  const gates: (() => void)[] = [];
  const ask = oneAtATime(() => new Promise<void>((go) => gates.push(go)));
  const first = ask();
  void ask();
  const last = ask();
  assert.equal(gates.length, 1);
  gates[0]?.();
  await new Promise(setImmediate);
  assert.equal(gates.length, 2);
  gates[1]?.();
  await Promise.all([first, last]);
  assert.equal(gates.length, 2);
  void ask();
  assert.equal(gates.length, 3);
  gates[2]?.();
});
