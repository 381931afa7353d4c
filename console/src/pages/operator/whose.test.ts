import assert from "node:assert/strict";
import { test } from "node:test";
import type { Leg } from "../../api/schema.ts";
import { passedOn, quickRefusal, talksAbout, whoseCall } from "./whose.ts";

type Stage = "queued" | "talking" | "held" | "transferred" | "ended";
const told = (number: string, stage: Stage, user: string | null = null) => ({
  number, call: { stage, operator: user === null ? null : { user, member: user, device: `PJSIP/${user}` } },
});

test("one's own talk is mine, a colleague's is theirs, and nobody's who waits", () => {
  assert.equal(whoseCall(told("1", "talking", "siti"), "siti", null), "mine");
  assert.equal(whoseCall(told("1", "held", "siti"), "siti", null), "mine");
  assert.equal(whoseCall(told("1", "talking", "budi"), "siti", null), "theirs");
  assert.equal(whoseCall(told("1", "talking", "budi"), "siti", "1"), "mine"); // taken over from him: the telephone says so
  assert.equal(whoseCall(told("1", "talking"), "siti", null), "mine"); // a telephone without a shift
  assert.equal(whoseCall(told("1", "queued"), "siti", null), "waits");
  assert.equal(whoseCall(told("1", "ended", "budi"), "siti", null), "over");
  assert.equal(whoseCall({ number: "1", call: null }, "siti", null), "over");
});

const leg = (user: string | null, to: string | null = null, kind = "operator", answered_at = "2026-03-14T10:00:00Z"): Leg => ({
  key: `${user}`, kind, device: "PJSIP/op2", member: user, user, from: "2026-03-14T09:59:50Z", taken: true, answered_at, to, cause: to && "16",
});

test("whoever passed a caller on has him no more", () => {
  const { number, call } = told("1", "talking", "siti");
  const left = leg("siti", "2026-03-14T10:01:00Z");
  const passed = { number, call: { ...call, legs: [left, leg("budi")] } };
  assert.equal(whoseCall(passed, "siti", null), "theirs");
  assert.equal(whoseCall(passed, "budi", null), "mine");
  assert.equal(talksAbout([passed], "siti", null), null);
  assert.equal(talksAbout([passed], "budi", null), "1");
  const both = { number, call: { ...call, legs: [leg("siti"), leg("budi")] } };
  assert.equal(whoseCall(both, "siti", null), "mine");
  const agency = { number, call: { ...call, legs: [left, leg(null, null, "agency")] } };
  assert.equal(whoseCall(agency, "siti", null), "mine");
  assert.equal(whoseCall(agency, "budi", null), "theirs");
  assert.equal(talksAbout([agency], "siti", null), null);
});

test("what the PBX has done is not yet what became of the caller", () => {
  const since = "2026-03-14T10:02:00+00:00";
  const before = leg("siti", "2026-03-14T10:02:01Z");
  const after = leg("budi", null, "operator", "2026-03-14T10:02:09.5Z");
  assert.deepEqual(passedOn({ stage: "transferred", legs: [before] }, since), { how: "rings", by: null });
  assert.deepEqual(passedOn({ stage: "talking", legs: [before, after] }, since), { how: "taken", by: after });
  assert.deepEqual(passedOn({ stage: "ended", legs: [before, after] }, since), { how: "taken", by: after });
  assert.equal(passedOn({ stage: "queued", legs: [before] }, since).how, "back");
  assert.equal(passedOn({ stage: "ended", legs: [before] }, since).how, "over");
});

test("with whom one talks is known without the shift", () => {
  const calls = [told("1", "queued"), told("2", "talking", "budi"), told("3", "talking", "siti")];
  assert.equal(talksAbout(calls, "siti", { state: "talking", report: "9" }), "9");
  assert.equal(talksAbout(calls, "siti", { state: "wrap-up", report: "9" }), "3");
  assert.equal(talksAbout(calls, "siti", null), "3");
  assert.equal(talksAbout(calls.slice(0, 2), "siti", null), null);
});

test("a fire in front is not closed as a prank while the prankster is on the line in another tab", () => {
  const fire = told("1", "ended", "siti");
  assert.equal(quickRefusal(fire, "siti", "2"), "elsewhere");
  assert.equal(quickRefusal(fire, "siti", null), null);
  assert.equal(quickRefusal(told("2", "talking", "siti"), "siti", "2"), null);
  assert.equal(quickRefusal(told("3", "queued"), "siti", null), "waits");
  assert.equal(quickRefusal(told("4", "talking", "budi"), "siti", null), "theirs");
});
