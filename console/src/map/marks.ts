// What is to be seen on the map beside land and streets: of the report in front every position that was learnt, with its
// circle, and the one that holds; of the other open reports their place.
import type { Report, ReportSummary } from "../api/schema.ts";

export interface Mark {
  id: string;
  /** `holds`: where the report says that it is; `told`: a position that somebody or something told; `other`: another report. */
  sort: "holds" | "told" | "other";
  lat: number;
  lon: number;
  /** Radius of the circle in metres; null where nobody said one. */
  radius_m: number | null;
  /** When it was measured, else when we heard of it; of `other` when the report was opened. */
  at: string | null;
  method: string | null;
  /** Of `told`: `network`, `handset`, `link`, `gazetteer`, `person`. */
  source: string | null;
  /** Of `other`: its number, kind and priority. */
  report: string | null;
  kind: string | null;
  priority: string | null;
}

const none = { source: null, report: null, kind: null, priority: null };

/** All marks; the one that holds comes last, so that it is drawn above the others. */
export function marksOf(report: Report, open: readonly ReportSummary[]): Mark[] {
  const others = open
    .filter((one) => one.number !== report.number && one.status !== "closed")
    .flatMap(({ number, location: { lat, lon, radius_m, method }, kind, priority, opened_at }): Mark[] =>
      lat === null || lon === null
        ? []
        : [{ id: number, sort: "other", lat, lon, radius_m, at: opened_at, method, source: null, report: number, kind, priority }],
    );
  const told = report.location.positions.flatMap(({ id, lat, lon, radius_m, at, measured_at, method, source }): Mark[] =>
    lat === null || lon === null ? [] : [{ ...none, id, sort: "told", lat, lon, radius_m, at: measured_at ?? at, method, source }],
  );
  const { lat, lon, radius_m, measured_at, method } = report.location;
  const at = measured_at ?? told.findLast((one) => one.lat === lat && one.lon === lon)?.at ?? null;
  const holds: Mark[] = lat === null || lon === null ? [] : [{ ...none, id: "holds", sort: "holds", lat, lon, radius_m, at, method }];
  return [...others, ...told, ...holds];
}

/** Whose name must be read first where there is no room for all (0): the place itself, the worst nearby, who told what. */
export const rankOf = ({ sort, priority }: Mark): number =>
  sort === "holds" ? 0 : sort === "told" ? 2 : priority === "P1" ? 1 : priority === "P2" ? 3 : 4;

/** South-west and north-east of marks with their circles; null without any. */
export function aroundOf(marks: readonly Mark[]): [[number, number], [number, number]] | null {
  if (!marks.length) return null;
  const metre = 1 / 111_320;
  const spans = marks.map(({ lat, lon, radius_m }) => {
    const dLat = (radius_m ?? 0) * metre;
    const dLon = dLat / Math.max(0.1, Math.cos((lat * Math.PI) / 180));
    return [lat - dLat, lon - dLon, lat + dLat, lon + dLon] as const;
  });
  const pick = (of: (...all: number[]) => number, n: 0 | 1 | 2 | 3): number => of(...spans.map((span) => span[n]));
  return [
    [pick(Math.min, 0), pick(Math.min, 1)],
    [pick(Math.max, 2), pick(Math.max, 3)],
  ];
}

/** Coordinates as people read them out and the server reads them: five places are about a metre. */
export const spellPlace = (lat: number, lon: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
