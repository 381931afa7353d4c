// The outline as ../../outline.ts packs it, as points.

/** Of a degree: about 440 m, as fine as the source is. */
export const SCALE = 250;

/** [28250, -1750, 1, 0] becomes [[-7, 113], [-7, 113.004]]: latitude first, as the map wants it. */
export function pointsOf(ring: readonly number[]): [number, number][] {
  const points: [number, number][] = [];
  let [x, y] = [0, 0];
  for (let n = 0; n + 1 < ring.length; n += 2) {
    x += ring[n] ?? 0;
    y += ring[n + 1] ?? 0;
    points.push([y / SCALE, x / SCALE]);
  }
  return points;
}
