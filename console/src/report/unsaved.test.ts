import assert from "node:assert/strict";
import { test } from "node:test";
import { byReport, type Unsaved } from "./unsaved.ts";

const [FIRST, SECOND] = ["112-20261126-0001", "112-20261126-0002"];
const one = (report: string, leaf: string, state: Unsaved["state"]): Unsaved => ({ report, leaf, state });

test("a report with a conflict, a refusal or half a note stands before those that are on their way", () => {
  for (const state of ["conflict", "refused", "half"] as const) {
    const said = byReport([one(FIRST, "kind", "sent"), one(SECOND, "narrative", "sent"), one(SECOND, "entry", state)]);
    assert.deepEqual(said.map(({ report, needs, items }) => [report, needs, items.length]), [[SECOND, true, 2], [FIRST, false, 1]]);
  }
  assert.deepEqual(byReport([]), []);
});
