import assert from "node:assert/strict";
import { test } from "node:test";
import { noSystemIn, stateIn } from "./standing.ts";

const said = { states: { queued: "queued to be sent", accepted: "accepted" }, byTelephone: "by telephone", noSystem: "no system: {number}" };

test("nothing is queued to be sent to an agency without a system", () => {
  assert.equal(stateIn(said, { state: "queued", agency_no_system: true }), "by telephone");
  assert.equal(stateIn(said, { state: "queued", agency_no_system: false }), "queued to be sent");
  assert.equal(stateIn(said, { state: "accepted", agency_no_system: true }), "accepted");
  assert.equal(stateIn(said, { state: "on_scene", agency_no_system: true }), "on_scene");
});

test("people are told its number, and of the others nothing", () => {
  assert.equal(noSystemIn(said, true, "0328 662 112"), "no system: 0328 662 112");
  assert.equal(noSystemIn(said, true, null), "no system: ?");
  assert.equal(noSystemIn(said, false, "0328 662 112"), "");
});
