import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lamp } from "../../api/schema.ts";
import { isHeard } from "./known.ts";

test("only a PBX that is heard lets the wall say how many wait", () => {
  const lamp = (state: Lamp["state"]): Lamp[] => [{ name: "database", state: "ok", codes: [], count: null }, { name: "ami", state, codes: [], count: null }];
  assert.deepEqual(([] as Lamp["state"][]).concat("ok", "bad", "unknown", "warn").map((state) => isHeard(lamp(state))), [true, false, false, false]);
  assert.equal(isHeard([]), false);
});
