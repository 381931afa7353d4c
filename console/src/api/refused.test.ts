import assert from "node:assert/strict";
import { test } from "node:test";
import { stepRefused, valueRefused } from "./refused.ts";

test("a step that cannot follow is refused in the reader's language, with what can be done", () => {
  assert.equal(
    stepRefused({ status: "dispatched", allowed: ["dispatch", "resolve"], held_by: [] }),
    "Ini tidak dapat dilakukan sekarang: status laporan ➤ dikirim. Yang dapat dilakukan sekarang: kirim ke instansi · selesai di lapangan",
  );
  assert.match(stepRefused({ status: null, allowed: [], held_by: ["damkar"] }) ?? "", /^Masih ada instansi yang menangani laporan ini: damkar\./);
  assert.equal(stepRefused({ allowed: ["reopen"] }), null, "an older server says only a sentence");
});

test("a field that is refused is named, and its rule; a rule that has no words is the server's sentence", () => {
  assert.equal(valueRefused({ field: "note", why: "string_too_long", limit: 500 }), "Catatan: paling banyak 500 huruf.");
  assert.equal(valueRefused({ field: "location.lat", why: "less_than_equal", limit: 90 }), "location.lat: harus 90 atau kurang.");
  assert.equal(valueRefused({ field: "note", why: "value_error", limit: null }), null);
});
