import assert from "node:assert/strict";
import { test } from "node:test";
import type { DispatchProposed } from "../../api/schema.ts";
import { isCurrent, rowsOf } from "./choices.ts";

const AGENCIES = ["damkar", "psc119", "polres"].map((code) => ({ code, disabled_at: code === "polres" ? "2026-11-26T00:00:00Z" : null }));
const rule = (agency: string, has_it = false): DispatchProposed => ({ agency, has_it, chosen: true }) as DispatchProposed;
const ticked = (...given: Parameters<typeof rowsOf>): string[] => rowsOf(...given).filter((row) => row.ticked).map(({ code }) => code);

test("who had called it solved can be sent again, and is not by itself", () => {
  const solved = [{ agency: "damkar", state: "resolved" as const }];
  const [damkar] = rowsOf([rule("damkar")], AGENCIES, solved, {});
  assert.deepEqual([damkar?.has, damkar?.ticked], [false, false]);
  assert.deepEqual(ticked([rule("damkar")], AGENCIES, solved, { damkar: true }), ["damkar"]);
  assert.deepEqual(ticked([rule("damkar")], AGENCIES, [...solved, { agency: "damkar", state: "sent" }], { damkar: true }), []);
});

test("what the person ticked goes over the rules; who has it (through a joined report too) or is disabled is not sent", () => {
  assert.deepEqual(ticked([rule("damkar"), rule("psc119")], AGENCIES, [], { damkar: false }), ["psc119"]);
  assert.deepEqual(ticked([rule("damkar", true), rule("polres")], AGENCIES, [], { damkar: true, polres: true }), []);
});

test("proposals of another version, or under a kind that is being changed, send nothing", () => {
  const read = { version: 4, proposed: [] };
  assert.equal(isCurrent(read, 4, false), true);
  assert.equal(isCurrent(read, 5, false), false, "the report is newer");
  assert.equal(isCurrent(read, 4, true), false, "its kind is not saved yet");
  assert.equal(isCurrent(null, 4, false), false);
});
