import assert from "node:assert/strict";
import test from "node:test";
import type { Report, ReportSummary } from "../api/schema.ts";
import { aroundOf, marksOf, rankOf } from "./marks.ts";
import { pointsOf } from "./rings.ts";

const nowhere = { lat: null, lon: null, radius_m: null, measured_at: null, method: null };
const position = { id: "p1", at: "2026-03-14T03:00:00Z", measured_at: null, method: "gnss", lat: -7, lon: 113, radius_m: 50, source: "handset" };
const report = {
  number: "112-20260314-0001",
  location: {
    ...{ lat: -7.1, lon: 113.2, radius_m: null, measured_at: null, method: "pin" },
    positions: [position, { ...position, id: "p2", lat: null, lon: null }],
  },
} as unknown as Report;
const other = (number: string, status: string, location: object): ReportSummary =>
  ({ number, status, location, kind: "banjir", priority: "P2", opened_at: "2026-03-14T02:00:00Z" }) as unknown as ReportSummary;

test("every position that has coordinates is there, what holds is above all, closed reports are not there", () => {
  const open = [
    other("112-20260314-0001", "open", { ...nowhere, lat: 1, lon: 1 }), // the report itself
    other("112-20260314-0002", "open", { ...nowhere, lat: -7.2, lon: 113.1 }),
    other("112-20260314-0003", "closed", { ...nowhere, lat: 1, lon: 1 }),
    other("112-20260314-0004", "working", nowhere),
  ];
  assert.deepEqual(
    marksOf(report, open).map(({ id, sort }) => [id, sort]),
    [["112-20260314-0002", "other"], ["p1", "told"], ["holds", "holds"]],
  );
});

test("where there is no room for all names, the worst nearby comes after the place itself and before who told of it", () => {
  const worst = { ...other("112-20260314-0005", "open", { ...nowhere, lat: -7, lon: 113 }), priority: "P1" } as ReportSummary;
  const open = [other("112-20260314-0002", "open", { ...nowhere, lat: -7.2, lon: 113.1 }), worst];
  const ranked = marksOf(report, open).sort((one, two) => rankOf(one) - rankOf(two));
  assert.deepEqual(ranked.map(({ id }) => id), ["holds", worst.number, "p1", "112-20260314-0002"]);
});

test("a circle is in sight as a whole", () => {
  assert.equal(aroundOf([]), null);
  const [[south, west], [north, east]] = aroundOf(marksOf(report, []).filter((mark) => mark.id === "p1"))!;
  assert.ok(Math.abs((north - south) * 111_320 - 100) < 1);
  assert.ok(east - west > north - south, "a degree of longitude is shorter");
});

test("a ring is steps from its first point", () => {
  assert.deepEqual(pointsOf([28_250, -1_750, 1, 0]), [[-7, 113], [-7, 113.004]]);
});
