import assert from "node:assert/strict";
import { test } from "node:test";
import { collided, insisted, isDue, refused, saved, sending, typed, unanswered } from "./drafts.ts";

test("typing goes on the version that was seen first, until the server has it", () => {
  const second = typed(typed(undefined, "r", 3), "ru", 5);
  assert.equal(second.version, 3);
  assert.equal(saved(sending(second), 6), undefined);
});

test("what is typed while a save is on its way is saved next, on the new version", () => {
  const meanwhile = typed(sending(typed(undefined, "ru", 3)), "rumah", 3);
  assert.equal(isDue(meanwhile), false);
  const next = saved(meanwhile, 4);
  assert.deepEqual([next?.value, next?.version, next?.state], ["rumah", 4, "typed"]);
});

test("without an answer it waits and is due again; a refusal stays until somebody types", () => {
  const waits = unanswered(sending(typed(undefined, "rumah", 3)));
  assert.equal(isDue(waits), true);
  const no = refused(sending(waits), "too long");
  assert.equal(isDue(no), false);
  assert.deepEqual([no.value, no.why], ["rumah", "too long"]);
  assert.equal(isDue(typed(no, "rum", 3)), true);
});

test("of two people's words on one field both are kept for a person to choose", () => {
  const mine = sending(typed(undefined, "Pasar Anom", 3));
  const both = collided(mine, { yours: "Pasar Anom", theirs: "Pasar Turi" }, 5);
  assert.deepEqual([both?.state, both?.value, both?.theirs], ["conflict", "Pasar Anom", "Pasar Turi"]);
  assert.ok(both);
  assert.equal(isDue(both), false);
  assert.equal(both.version, 3, "a reload sends it on what was seen, and meets the conflict again");
  assert.deepEqual([insisted(both).state, insisted(both).version], ["typed", 5]);
});

test("who types on while a conflict comes has chosen nothing yet", () => {
  const both = collided(sending(typed(undefined, "Pasar", 3)), { yours: "Pasar", theirs: "Pasar Turi" }, 5);
  const meanwhile = typed(both, "Pasar An", 5);
  assert.deepEqual([meanwhile.state, meanwhile.value, meanwhile.theirs, isDue(meanwhile)], ["conflict", "Pasar An", "Pasar Turi", false]);
});

test("what only went along is sent again, and who wrote the same has nothing to choose", () => {
  const mine = sending(typed(undefined, "P1", 3));
  assert.deepEqual(collided(mine, undefined, 5)?.version, 5);
  assert.equal(collided(mine, { yours: "P1", theirs: "P1" }, 5), undefined);
});
