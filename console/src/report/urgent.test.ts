import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dispatch } from "../api/schema.ts";
import { urgentOf } from "./urgent.ts";

const at = (minute: number): string => `2026-11-26T10:${String(minute).padStart(2, "0")}:00Z`;
const NOW = Date.parse(at(30));
const dispatch = (id: string, state: Dispatch["state"], said: Partial<Dispatch> = {}): Dispatch => ({
  id, agency: id, state, created_at: at(0), accept_by: at(1), accepted_at: null, rejected_at: null, heard_at: null,
  escalation: 0, escalate_at: at(40), asked: 0, gave_up: false, ...said,
}) as Dispatch;
const report = (dispatches: Dispatch[], status = "dispatched", duplicate_of: string | null = null) =>
  ({ number: "112-20261126-0001", status: status as "open", duplicate_of, dispatches });
const causes = (...args: Parameters<typeof report>): string[] => urgentOf(report(...args), NOW).map(({ agency, cause }) => `${agency} ${cause}`);

test("what nobody accepts, what is rejected with nobody next, and who fell silent are urgent, the longest first", () => {
  const all = [
    dispatch("a", "delivered", { accept_by: at(9) }), dispatch("b", "rejected", { rejected_at: at(3), escalate_at: null }),
    dispatch("c", "en_route", { asked: 1, heard_at: at(2) }), dispatch("d", "accepted"), dispatch("e", "sent", { accept_by: at(31) }),
  ];
  assert.deepEqual(causes(all), ["c silent", "b rejected", "a overdue"]);
  assert.deepEqual(causes(all, "resolved"), [], "nobody waits for it any more");
});

test("a rejection is nobody's business any more once another was sent it afterwards, and took it so far", () => {
  const rejected = dispatch("a", "rejected", { rejected_at: at(3) });
  assert.deepEqual(causes([rejected, dispatch("b", "accepted")]), ["a rejected"], "who was sent it at the same time is no successor");
  assert.deepEqual(causes([rejected, dispatch("b", "accepted", { created_at: at(4) })]), []);
  assert.deepEqual(causes([rejected, dispatch("b", "rejected", { created_at: at(4), rejected_at: at(5) })]), ["a rejected", "b rejected"]);
  assert.deepEqual(causes([{ ...rejected, escalate_at: null }], "dispatched", "112-20261126-0002"), [], "the head has it");
});

test("who accepted and gave up is urgent at once, and before they are silent too", () => {
  const given = dispatch("a", "accepted", { gave_up: true, heard_at: at(20) });
  assert.deepEqual(urgentOf(report([given]), NOW).map(({ cause, since }) => [cause, since]), [["gave_up", at(20)]]);
  assert.deepEqual(causes([{ ...given, asked: 1 }]), ["a gave_up"]);
  assert.deepEqual(causes([given], "closed"), []);
});

test("what grew worse has another key", () => {
  const keyOf = (escalation: number): string | undefined => urgentOf(report([dispatch("a", "sent", { escalation })]), NOW)[0]?.key;
  assert.notEqual(keyOf(1), keyOf(2));
});
