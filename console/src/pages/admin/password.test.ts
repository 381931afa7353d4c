import assert from "node:assert/strict";
import { test } from "node:test";
import { newPassword } from "./password.ts";

test("a password is long, can be read out, and is another each time", () => {
  const found = new Set(Array.from({ length: 50 }, () => newPassword()));
  assert.equal(found.size, 50);
  for (const one of found) assert.match(one, /^[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}$/);
});

test("bytes that would make some letters likelier are passed over", () => {
  let turn = 0;
  const bytes = (into: Uint8Array<ArrayBuffer>): Uint8Array => into.fill(turn++ === 0 ? 255 : 0);
  assert.equal(newPassword(bytes), "aaaaa-aaaaa-aaaaa-aaaaa");
});
