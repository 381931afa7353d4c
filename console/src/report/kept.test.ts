import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report, ReportSummary } from "../api/schema.ts";
import { kept } from "./kept.ts";

const summary = (version: number, text: string): ReportSummary => ({ version, location: { text } }) as unknown as ReportSummary;
const whole = (version: number, text: string): Report => ({ ...summary(version, text), entries: [] }) as unknown as Report;

test("a summary never lends its version to the old location of the whole report on a screen", () => {
  const [before, came] = [whole(3, "Pasar Bluto"), summary(4, "Jl. Raya 2")];
  assert.equal(kept(before, came, true), before, "old in all its parts, and says so by its version");
  assert.equal(kept(before, came, false), came, "nobody sees the whole one: the newer is kept");
  assert.equal(kept(before, summary(3, "Pasar Bluto"), false), before, "of one version the whole one says more");
});

test("the newer covers the older, never the other way", () => {
  const [old, young] = [summary(3, "a"), whole(4, "b")];
  assert.equal(kept(undefined, old, false), old);
  assert.equal(kept(old, young, false), young);
  assert.equal(kept(young, old, true), young);
});
