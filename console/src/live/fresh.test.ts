import assert from "node:assert/strict";
import { test } from "node:test";
import { Fresh } from "./fresh.ts";

test("what failed is read again until it worked, and is not known meanwhile", async () => {
  const said: boolean[] = [];
  const later: (() => void)[] = [];
  let fails = 2;
  let reads = 0;
  const fresh = new Fresh(async () => {
    reads++;
    if (fails-- > 0) throw new Error("away");
  }, (then) => later.push(then), (known) => said.push(known));
  await fresh.run();
  assert.deepEqual([said, later.length], [[false], 1]);
  later.shift()?.();
  await new Promise(setImmediate);
  await fresh.run(); // somebody else asks meanwhile
  later.shift()?.();
  await new Promise(setImmediate);
  assert.deepEqual([said.at(-1), later.length], [true, 0]);
  fresh.end();
  const before = reads;
  await fresh.run();
  assert.equal(reads, before);
});
