import assert from "node:assert/strict";
import { test } from "node:test";
import { shortOf, spell, Times } from "./times.ts";

const times = new Times("en-GB", "Asia/Jakarta");
const NOW = Date.parse("2026-11-26T20:30:00Z"); // 03:30 of the 27th in the centre
const TODAY = times.dayOf(NOW);
const say = (at: string, style: "time" | "minute" | "day"): string => times.say(Date.parse(at), style, TODAY);

test("a time that is not of today says its day, and its year when that is another", () => {
  assert.equal(TODAY, "2026-11-27");
  assert.equal(say("2026-11-26T20:29:05Z", "time"), "03:29:05");
  assert.equal(say("2026-11-26T20:29:05Z", "minute"), "03:29");
  assert.equal(say("2026-11-26T16:50:00Z", "minute"), "26 Nov, 23:50");
  assert.equal(say("2026-11-26T16:50:01Z", "time"), "26 Nov, 23:50:01");
  assert.equal(say("2026-11-26T20:29:05Z", "day"), "27 Nov, 03:29", "always");
  assert.equal(say("2025-11-26T16:50:00Z", "day"), "26 Nov 2025, 23:50");
  assert.equal(say("2025-11-26T16:50:00Z", "minute"), "26 Nov 2025, 23:50");
});

test("two reports of different days never look alike, nor is a long number cut", () => {
  assert.equal(shortOf("112-20261127-0007", TODAY), "0007");
  assert.equal(shortOf("112-20261127-12345", TODAY), "12345");
  assert.equal(shortOf("112-20260313-0007", TODAY), "13/3-0007");
  assert.equal(shortOf("112-20250313-0007", TODAY), "13/3/2025-0007");
  assert.equal(shortOf("?", TODAY), "?");
});

test("a span that nobody knows is no zero", () => {
  assert.deepEqual([null, 0, 7, 83, 3723].map((s) => spell(s, "dtk")), ["?", "0 dtk", "7 dtk", "1:23", "1:02:03"]);
});
