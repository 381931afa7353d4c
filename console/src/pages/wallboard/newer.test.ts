import assert from "node:assert/strict";
import { test } from "node:test";
import { reloadsFor } from "./newer.ts";

test("a screen reloads for a newer server, once", () => {
  assert.equal(reloadsFor("2.0", "1.0", null), true);
  assert.equal(reloadsFor("2.0", "1.0", "1.5"), true, "an earlier one does not count");
  assert.equal(reloadsFor("2.0", "1.0", "2.0"), false, "it came back old: not for ever");
  assert.equal(reloadsFor("1.0", "1.0", null), false);
  assert.equal(reloadsFor("", "1.0", null), false, "an older server does not say it");
});
