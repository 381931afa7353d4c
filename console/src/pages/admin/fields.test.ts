import assert from "node:assert/strict";
import { test } from "node:test";
import { instantOf, writtenOf } from "./centre.ts";
import { type Field, inWords } from "./fields.ts";

const WORDS = ["ya", "tidak", "(kosong)"] as const;
const AGENCIES: Field = {
  name: "agencies", label: "Instansi", as: "rows",
  columns: [{ name: "agency", label: "Instansi", as: "choice", options: [{ value: "damkar", name: "Damkar" }] }, { name: "within", label: "dtk", as: "number" }],
};

test("a value is told in words, a list of rows one below the other", () => {
  assert.equal(inWords({ name: "x", label: "X", as: "check" }, false, WORDS), "tidak");
  assert.equal(inWords({ name: "x", label: "X", as: "list" }, [], WORDS), "(kosong)");
  const rules: Field = {
    name: "rules", label: "Aturan", as: "rows",
    columns: [{ name: "kinds", label: "Jenis", as: "list" }, AGENCIES, { name: "automatic", label: "otomatis", as: "check" }],
  };
  const value = [{ kinds: ["laut"], agencies: [{ agency: "damkar", within: 60 }, { agency: "sar", within: null }], automatic: false }, { kinds: [], agencies: [] }];
  assert.equal(inWords(rules, value, WORDS), "1. laut · Instansi: (1. Damkar · 60; 2. sar)\n2. ");
});

test("a time is the centre's, whatever this machine is set to", () => {
  assert.equal(instantOf("2026-11-27T08:00", "Asia/Jakarta"), "2026-11-27T01:00:00.000Z");
  assert.equal(instantOf("2026-07-01T08:00", "Europe/Berlin"), "2026-07-01T06:00:00.000Z");
  assert.equal(instantOf("", "Asia/Jakarta"), null);
  assert.equal(writtenOf("2026-11-27T01:00:59Z", "Asia/Jakarta"), "2026-11-27T08:00");
});
