import assert from "node:assert/strict";
import { test } from "node:test";
import { read } from "./commandline.ts";

const KNOWN = {
  kinds: [{ code: "kebakaran", name: "Kebakaran" }, { code: "laka", name: "Kecelakaan lalu lintas" }, { code: "laut", name: "Kecelakaan laut" }],
  agencies: [{ code: "damkar", name: "Pemadam Kebakaran" }, { code: "psc119", name: "PSC 119 Ambulans" }],
  reports: ["112-20261126-0107", "112-20261126-0007", "112-20261125-0007"],
};

test("each command of the design does what it says", () => {
  assert.deepEqual(read("k kebakaran", KNOWN), { does: "kind", choice: KNOWN.kinds[0] });
  assert.deepEqual(read("l bluto pakandangan", KNOWN), { does: "location", text: "bluto pakandangan" });
  assert.deepEqual(read("P1", KNOWN), { does: "priority", priority: "P1" });
  assert.deepEqual(read("d damkar", KNOWN), { does: "dispatch", choice: KNOWN.agencies[0] });
  assert.deepEqual(read("n dua korban", KNOWN), { does: "note", text: "dua korban" });
  assert.deepEqual(read("buka 0007", KNOWN), { does: "open", number: "112-20261126-0007" });
});

test("the beginning of any word of a name is enough when it fits one", () => {
  assert.deepEqual(read("d amb", KNOWN), { does: "dispatch", choice: KNOWN.agencies[1] });
  assert.deepEqual(read("k kecelakaan", KNOWN), { why: "several", names: ["Kecelakaan lalu lintas", "Kecelakaan laut"] });
  assert.deepEqual(read("k laut", KNOWN), { does: "kind", choice: KNOWN.kinds[2] });
  assert.deepEqual(read("k banjir", KNOWN), { why: "nothing", text: "banjir" });
});

test("a report is opened by the end of its number, never by a part of another's", () => {
  assert.deepEqual(read("buka 107", KNOWN), { does: "open", number: "112-20261126-0107" });
  assert.deepEqual(read("buka 20261125-0007", KNOWN), { does: "open", number: "112-20261125-0007" });
  assert.deepEqual(read("buka 9", KNOWN), { does: "find", text: "0009" }, "not known here is not: there is none");
});

test("what is no command does nothing, and says so", () => {
  assert.deepEqual(read("  ", KNOWN), { why: "empty" });
  assert.deepEqual(read("kebakaran", KNOWN), { why: "unknown", text: "kebakaran" });
  assert.deepEqual(read("k", KNOWN), { why: "needsText" });
  assert.deepEqual(read("p1 cepat", KNOWN), { why: "unknown", text: "p1 cepat" });
});
