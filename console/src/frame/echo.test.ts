import assert from "node:assert/strict";
import test from "node:test";
import { AGAIN_AFTER_MS } from "../report/ring.ts";
import { EVERY_MS } from "../report/tolling.ts";
import { Echo } from "./echo.ts";

test("what two tabs ask for is heard once, what is new at once, and what goes on again when it is time", () => {
  const echo = new Echo();
  const asked = (sound: "ring" | "overdue" | "lost", about: string[], at: number): boolean => echo.isNew(sound, about, at);
  assert.deepEqual([asked("ring", ["a"], 0), asked("ring", ["a"], 900)], [true, false]);
  assert.equal(asked("ring", ["a", "b"], 1_000), true, "somebody new waits");
  assert.equal(asked("ring", ["b"], 1_900), false, "the other tab tells of fewer");
  assert.equal(asked("ring", ["b"], 1_000 + AGAIN_AFTER_MS), true);
  assert.deepEqual([asked("overdue", ["x"], 0), asked("overdue", ["x"], 9_000), asked("overdue", ["x"], EVERY_MS)], [true, false, true]);
  assert.deepEqual([asked("lost", [], 0), asked("lost", [], 2_000)], [true, false]);
});
