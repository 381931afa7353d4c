import assert from "node:assert/strict";
import { test } from "node:test";
import { failed, type Failure, reportOf, without } from "./failures.ts";

const SEND = "POST /api/v1/reports/112-20261126-0007/dispatches";
const failure = (deed: string, text = "no"): Failure => ({ deed, text, at: 0 });

test("a failure stays while other things succeed, and goes when the same is done", () => {
  const all = failed([failure("POST /api/v1/shift/state")], failure(SEND));
  for (const other of ["POST /api/v1/reports/112-20261126-0008/dispatches", "POST /api/v1/reports/112-20261126-0007/entries"])
    assert.deepEqual(without(all, other), all);
  assert.deepEqual(without(all, SEND), [failure("POST /api/v1/shift/state")]);
});

test("the same that fails again is told once, as it is now", () => {
  assert.deepEqual(failed([failure(SEND, "away")], failure(SEND, "closed")), [failure(SEND, "closed")]);
});

test("it says of which report", () => {
  assert.equal(reportOf(SEND), "112-20261126-0007");
  assert.equal(reportOf("POST /api/v1/shift/state"), null);
});
