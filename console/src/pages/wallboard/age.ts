// How numbers are written so that one reads them from across a room, each with its unit.
export type Unit = "s" | "ms" | "hms";

/** 42 is ["42", "s"], 83 ["1:23", "ms"], 3723 ["1:02:03", "hms"]. */
export function ageOf(seconds: number): [string, Unit] {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return [String(whole), "s"];
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? [`${h}:${two(m)}:${two(s)}`, "hms"] : [`${m}:${two(s)}`, "ms"];
}

/** Whole per cent, cut off: 100 is all, and nothing is rounded up to a target. Null where nothing was counted. */
export function percentOf(n: number, of: number): number | null {
  return of ? Math.floor((100 * n) / of) : null;
}

/** The bars of a chart `height` high: of each hour what came, and where the mean is; null: there is none. */
export function barsOf(
  hours: readonly { calls: number | null; mean: number | null }[],
  height: number,
): { most: number; bars: { calls: number | null; mean: number | null }[] } {
  const most = Math.max(1, Math.ceil(Math.max(...hours.map(({ calls, mean }) => Math.max(calls ?? 0, mean ?? 0)))));
  const scaled = (value: number | null): number | null => (value === null ? null : (value / most) * height);
  return { most, bars: hours.map(({ calls, mean }) => ({ calls: scaled(calls), mean: scaled(mean) })) };
}
