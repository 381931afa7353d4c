// Map files as people name and measure them.
import type { Bounds } from "../../api/schema.ts";

/** The name on the server for a file of this machine: `Batas Desa.json` becomes `Batas-Desa.geojson`; null: it is no map. */
export function nameFor(file: string): string | null {
  const found = /^(.*)\.(pmtiles|geojson|json)$/i.exec(file);
  if (!found) return null;
  const stem = (found[1] ?? "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 64);
  return `${stem || "peta"}.${found[2]?.toLowerCase() === "pmtiles" ? "pmtiles" : "geojson"}`;
}

export const typeOf = (name: string): "pmtiles" | "geojson" => (name.endsWith(".pmtiles") ? "pmtiles" : "geojson");

/** 1_234_567 becomes "1,2 MB"; kB below a tenth of that, GB above 1,024. All are steps of 1,024, as the server's bounds are. */
export function spellBytes(bytes: number, locale: string): string {
  const [unit, size] = bytes < 102_400 ? (["kB", 2 ** 10] as const) : bytes < 2 ** 30 ? (["MB", 2 ** 20] as const) : (["GB", 2 ** 30] as const);
  return `${(bytes / size).toLocaleString(locale, { maximumFractionDigits: 1 })} ${unit}`;
}

/** From where to where it reaches, in degrees: the latitude, then the longitude. */
export function spellArea({ south, west, north, east }: Bounds, locale: string): [string, string] {
  const [s, w, n, e] = [south, west, north, east].map((one) => one.toLocaleString(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
  return [`${s} … ${n};`, `${w} … ${e}`];
}

/** Whether two areas have nothing in common. */
export const apart = (one: Bounds, other: Bounds): boolean =>
  one.north < other.south || other.north < one.south || one.east < other.west || other.east < one.west;
