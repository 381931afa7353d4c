// Whose a caller on the line is, for who sits at this desk: one ends or passes on one's own talk, and nobody else's.
// The server says the same (`intake/control.py`).
import type { Call, CallSummary, Leg } from "../../api/schema.ts";

type Spoken = Pick<CallSummary, "stage" | "operator"> & { legs?: readonly Pick<Leg, "kind" | "taken" | "to" | "user">[] };
type Called = { number: string; call: Spoken | null };
const WAITS = new Set(["arrived", "queued", "overflow"]);
const TALKS = new Set(["talking", "held"]);

/** `waits`: nobody has spoken with the caller yet. `theirs`: a colleague does. `over`: nobody is on the line. */
export type Whose = "mine" | "waits" | "theirs" | "over";

/** Who talks with the caller at desks now, null: a telephone without a shift. A list tells only who answered first. */
export function desksOf({ legs, operator }: Spoken): (string | null)[] {
  if (!legs) return operator ? [operator.user] : [];
  return legs.filter(({ kind, taken, to }) => kind === "operator" && taken && to === null).map(({ user }) => user);
}

/** Whose it is; a telephone without a shift is nobody's, so its caller is everybody's. `talks`: see `talksAbout`.
 *  Where no desk talks any more, an agency does: it is whose it was. */
export function whoseCall({ number, call }: Called, user: string, talks: string | null): Whose {
  if (!call || call.stage === "ended") return "over";
  if (WAITS.has(call.stage)) return "waits";
  const now = desksOf(call);
  const talkers = now.length ? now : [call.operator?.user ?? null];
  return talkers.includes(null) || talkers.includes(user) || talks === number ? "mine" : "theirs";
}

/** The report of whom this person talks with now: as the shift says, and where that is not known, as the calls say. */
export function talksAbout(calls: readonly Called[], user: string, shift: { state: string; report: string | null } | null): string | null {
  if (shift?.state === "talking" && shift.report) return shift.report;
  return calls.find(({ call }) => call && TALKS.has(call.stage) && desksOf(call).includes(user))?.number ?? null;
}

/** Why a call that is no emergency cannot be ended in two keys here; `elsewhere`: one talks with somebody else now. */
export function quickRefusal(front: Called, user: string, talks: string | null): "waits" | "theirs" | "elsewhere" | null {
  if (talks !== null && talks !== front.number) return "elsewhere";
  const whose = whoseCall(front, user, talks);
  return whose === "mine" || whose === "over" ? null : whose;
}

/** What became of a caller whom the PBX has passed on: it rings there, somebody took it, he waits again, or it is over. */
export function passedOn({ stage, legs }: Pick<Call, "stage" | "legs">, since: string): { how: "rings" | "taken" | "back" | "over"; by: Leg | null } {
  const later = (leg: Leg): boolean => Date.parse(leg.answered_at ?? leg.from) > Date.parse(since);
  const by = legs.findLast((leg) => (leg.kind === "operator" || leg.kind === "agency") && leg.taken && later(leg)) ?? null;
  if (WAITS.has(stage)) return { how: "back", by: null };
  if (by) return { how: "taken", by };
  return { how: stage === "ended" ? "over" : "rings", by: null };
}
