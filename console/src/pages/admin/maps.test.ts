import assert from "node:assert/strict";
import test from "node:test";
import { apart, nameFor, spellArea, spellBytes } from "./maps.ts";

test("a file gets a name that the server takes", () => {
  const names = ["Batas Desa (2026).json", "jalan.PMTILES", "--Pélabuhan--.geojson", "地図.geojson", `${"x".repeat(80)}.geojson`];
  assert.deepEqual(names.map(nameFor), ["Batas-Desa-2026.geojson", "jalan.pmtiles", "Pelabuhan.geojson", "peta.geojson", `${"x".repeat(64)}.geojson`]);
  assert.equal(nameFor("peta.shp"), null);
});

test("sizes and areas are read as people read them", () => {
  assert.deepEqual([512, 102_400, 1_048_576 * 2048].map((n) => spellBytes(n, "id-ID")), ["0,5 kB", "0,1 MB", "2 GB"]);
  const own = { south: -7.2, west: 113.6, north: -6.8, east: 114.2 };
  assert.deepEqual(spellArea(own, "id-ID"), ["-7,20 … -6,80;", "113,60 … 114,20"]);
  assert.equal(apart(own, { ...own, south: -6.8, north: 0 }), false);
  assert.equal(apart(own, { ...own, west: 115, east: 116 }), true);
});
