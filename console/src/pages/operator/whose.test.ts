import assert from "node:assert/strict";
import { test } from "node:test";
import { quickRefusal, talksAbout, whoseCall } from "./whose.ts";

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
