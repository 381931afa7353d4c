import assert from "node:assert/strict";
import { test } from "node:test";
import id from "./words/id.json" with { type: "json" };
import { outcomeIn } from "./outcomes.ts";

test("an outcome is told in words, and one that is newer than the page as it is", () => {
  const words = id.tries;
  assert.equal(outcomeIn(words, "status_503"), words.status_.replace("{n}", "503"));
  assert.equal(outcomeIn(words, "tls_expired"), words.tls_expired);
  assert.equal(outcomeIn(words, "tls_whatever"), words.tls_.replace("{n}", "whatever"));
  assert.equal(outcomeIn(words, "refused"), words.refused);
  assert.equal(outcomeIn(words, "eaten"), "eaten");
});
