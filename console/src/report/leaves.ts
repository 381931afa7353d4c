// The fields of a report that people fill in, by their names on the wire: `location.text` is `{ location: { text } }`.
import type { ChangeIn, Report, ReportSummary } from "../api/schema.ts";

export const LEAVES = [
  "location.text", "location.place", "kind", "priority", "class", "narrative", "caller.number", "caller.name",
  "flags.hurt", "flags.trapped", "flags.fire_spreading", "flags.weapon", "flags.child", "flags.no_road",
] as const;
export type Leaf = (typeof LEAVES)[number];
export type Value = string | boolean | null;

/** What a report holds in a field. A caller's number is what a person wrote, else what the line gave. */
export function valueOf(report: Report | ReportSummary, leaf: Leaf): Value {
  if (leaf === "caller.number") return report.caller_typed ?? report.caller.number ?? report.caller.number_raw;
  const [name = "", inner] = leaf.split(".");
  const outer: unknown = report[name as keyof typeof report];
  return (inner === undefined ? outer : ((outer as Record<string, unknown> | null)?.[inner] ?? null)) as Value;
}

/** The body of a PATCH that sets these fields; an emptied field becomes null. */
export function changeOf(values: Iterable<readonly [Leaf, Value]>): ChangeIn {
  const change: Record<string, unknown> = {};
  for (const [leaf, value] of values) {
    const [name = "", inner] = leaf.split(".");
    const sent = value === "" ? null : value;
    if (inner === undefined) change[name] = sent;
    else change[name] = { ...(change[name] as object | undefined), [inner]: sent };
  }
  return change as ChangeIn;
}
