import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../api/schema.ts";
import { lampsOf } from "./lamps.ts";

const service = (name: string, state: string, fresh = true): Service => ({
  name, state, fresh, detail: "", figures: {}, alarms: [], since: "", seen_at: "",
});

test("all processes that send are one lamp, each PBX has its own, and what is not well comes first", () => {
  const lamps = lampsOf([
    service("bridge:pbx-1:0a", "connected"), service("bridge:pbx-2:0b", "disconnected"),
    service("routing", "running"), service("routing:0a", "running"), service("routing:0b", "running", false),
  ]);
  assert.deepEqual(lamps.map(({ name, well, state }) => [name, well, state]), [
    ["bridge:pbx-2", false, "disconnected"], ["bridge:pbx-1", true, "connected"], ["routing", true, "running"],
  ]);
  assert.equal(lamps[2]?.detail, "routing:0b: running", "which of them is silent is still said");
});

test("a lamp of which nobody is heard is not well, whatever it said last", () => {
  const [lamp] = lampsOf([service("routing:0a", "running", false)]);
  assert.deepEqual([lamp?.well, lamp?.state], [false, null]);
});
