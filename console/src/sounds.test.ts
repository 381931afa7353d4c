import assert from "node:assert/strict";
import test from "node:test";
import { TONES } from "./sounds.ts";

test("a cheap loudspeaker has every tone, none covers the next, and each sound has a rhythm and a tune of its own", () => {
  const tunes = Object.values(TONES).map((tones) => {
    tones.forEach(([hertz, from, seconds], at) => {
      assert.ok(hertz >= 450 && hertz * 3 <= 3_400, `${hertz} Hz, and the third harmonic of it`);
      assert.ok(seconds >= 0.1 && from + seconds <= (tones[at + 1]?.[1] ?? Infinity));
    });
    return tones.map(([hertz], at) => Math.sign((tones[at + 1]?.[0] ?? hertz) - hertz)).join();
  });
  assert.deepEqual(tunes, ["1,0", "0,0,0", "-1,-1,0"], "up, level, down");
});
