// Which agencies the form offers for a report, which are ticked, and whether the ticks may go out. Pure.
import type { Agency, Dispatch, DispatchProposed } from "../../api/schema.ts";

/** The rules' proposals, as they were read when the report had this version. */
export interface Proposed {
  version: number;
  proposed: readonly DispatchProposed[];
}

export interface Row {
  code: string;
  rule: DispatchProposed | undefined;
  off: boolean;
  /** It has the report, and is not done with it. */
  has: boolean;
  ticked: boolean;
}

const FINISHED: ReadonlySet<Dispatch["state"]> = new Set(["rejected", "cancelled", "resolved"]); // as the server's

/** `chosen`: what the person ticked, over what the rules chose. Who was done with it is offered again, not ticked again. */
export function rowsOf(
  proposed: readonly DispatchProposed[],
  agencies: readonly Pick<Agency, "code" | "disabled_at">[],
  dispatches: readonly Pick<Dispatch, "agency" | "state">[],
  chosen: Readonly<Record<string, boolean>>,
): Row[] {
  const rules = new Map(proposed.map((one) => [one.agency, one]));
  const there = new Map(agencies.map((one) => [one.code, one]));
  const have = new Set(dispatches.filter(({ state }) => !FINISHED.has(state)).map(({ agency }) => agency));
  const solved = new Set(dispatches.filter(({ state }) => state === "resolved").map(({ agency }) => agency));
  return [...new Set([...rules.keys(), ...there.keys()])].map((code) => {
    const rule = rules.get(code);
    const off = (there.get(code)?.disabled_at ?? null) !== null;
    const has = have.has(code) || (rule?.has_it ?? false);
    const byRule = (rule?.chosen ?? false) && !solved.has(code);
    return { code, rule, off, has, ticked: !off && !has && (chosen[code] ?? byRule) };
  });
}

/** Whether the proposals are of the report as it is shown, and nothing that they follow from is still being typed or saved. */
export function isCurrent(read: Proposed | null, version: number, unsaved: boolean): boolean {
  return read !== null && read.version === version && !unsaved;
}
