import assert from "node:assert/strict";
import { test } from "node:test";
import { hasNoBridge, SILENT, toldBy } from "./ready.ts";

const check = (name: string, ok = true) => ({ name, ok, message: "" });

test("what is not an answer of /readyz is a server that does not answer", () => {
  for (const broken of [{ error: "internal", message: "" }, null, [], "busy", { checks: [{}], alarms: [] }, { checks: [check("database")] }])
    assert.equal(toldBy(broken), SILENT, JSON.stringify(broken));
  const told = toldBy({ ready: true, checks: [check("database")], alarms: [] });
  assert.deepEqual(told, { checks: [check("database")], alarms: [], lacks: [], version: "" }, "an older server's is one");
});

test("a server without a bridge hears nobody, unless the bridge is another machine's", () => {
  const told = (names: string[], lacks: string[]) => toldBy({ checks: names.map((name) => check(name)), alarms: [], lacks });
  assert.equal(hasNoBridge(told(["database"], ["bridge", "cel"])), true);
  assert.equal(hasNoBridge(told(["database", "bridge:pbx-2"], ["bridge"])), false);
  assert.equal(hasNoBridge(told(["bridge:pbx-1"], ["cel"])), false);
});
