// Cut at build: the coast and the land borders of Indonesia and its neighbours, out of `world-atlas` (Natural Earth, public
// domain, 1 : 10 million), for a map that needs nothing from outside. `import lines from "virtual:outline"` gives, for
// "own" and "near", polygons of rings; a ring is whole `SCALE`ths of degrees, lon and lat in turn, each but the first pair
// the step from the one before (src/map/rings.ts reads them).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import type { Position } from "geojson";
import type { Plugin } from "vite";
import { SCALE } from "./src/map/rings.ts";

const NAME = "virtual:outline";
const OWN = "360";
const NEAR = ["458", "702", "096", "626", "598"]; // Malaysia, Singapore, Brunei, Timor-Leste, Papua New Guinea
const [WEST, SOUTH, EAST, NORTH] = [94, -12, 142, 8] as const;

function ringOf(points: Position[]): number[] {
  const steps: number[] = [];
  let [lastX, lastY] = [0, 0];
  for (const [lon = 0, lat = 0] of points) {
    const [x, y] = [Math.round(lon * SCALE), Math.round(lat * SCALE)];
    if (steps.length && x === lastX && y === lastY) continue;
    steps.push(x - lastX, y - lastY);
    [lastX, lastY] = [x, y];
  }
  return steps;
}

function cut(): Record<"own" | "near", number[][][]> {
  const file = createRequire(import.meta.url).resolve("world-atlas/countries-10m.json");
  const world = JSON.parse(readFileSync(file, "utf-8")) as Topology<{ countries: GeometryCollection }>;
  const found: Record<"own" | "near", number[][][]> = { own: [], near: [] };
  for (const { id, geometry } of feature(world, world.objects.countries).features) {
    if (id !== OWN && !NEAR.includes(String(id))) continue;
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.type === "MultiPolygon" ? geometry.coordinates : [];
    const here = polygons.filter(([outer]) =>
      outer?.some(([lon = 0, lat = 0]) => lon > WEST && lon < EAST && lat > SOUTH && lat < NORTH),
    );
    found[id === OWN ? "own" : "near"].push(...here.map((rings) => rings.map(ringOf)));
  }
  return found;
}

export function outline(): Plugin {
  return {
    name: "outline",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) => (id === `\0${NAME}` ? `export default JSON.parse(${JSON.stringify(JSON.stringify(cut()))})` : undefined),
  };
}
