// Whose a caller on the line is, for who sits at this desk: one ends or passes on one's own talk, and nobody else's.
// The server says the same (`intake/control.py`).
import type { ReportSummary } from "../../api/schema.ts";

type Called = Pick<ReportSummary, "number"> & { call: Pick<NonNullable<ReportSummary["call"]>, "stage" | "operator"> | null };
const WAITS = new Set(["arrived", "queued", "overflow"]);
const TALKS = new Set(["talking", "held"]);

/** `waits`: nobody has spoken with the caller yet. `theirs`: a colleague does. `over`: nobody is on the line. */
export type Whose = "mine" | "waits" | "theirs" | "over";

/** Whose it is; a telephone without a shift is nobody's, so its caller is everybody's. `talks`: see `talksAbout`. */
export function whoseCall({ number, call }: Called, user: string, talks: string | null): Whose {
  if (!call || call.stage === "ended") return "over";
  if (WAITS.has(call.stage)) return "waits";
  const talker = call.operator?.user ?? null;
  return talker === null || talker === user || talks === number ? "mine" : "theirs";
}

/** The report of whom this person talks with now: as the shift says, and where that is not known, as the calls say. */
export function talksAbout(calls: readonly Called[], user: string, shift: { state: string; report: string | null } | null): string | null {
  if (shift?.state === "talking" && shift.report) return shift.report;
  return calls.find(({ call }) => call && TALKS.has(call.stage) && call.operator?.user === user)?.number ?? null;
}

/** Why a call that is no emergency cannot be ended in two keys here; `elsewhere`: one talks with somebody else now. */
export function quickRefusal(front: Called, user: string, talks: string | null): "waits" | "theirs" | "elsewhere" | null {
  if (talks !== null && talks !== front.number) return "elsewhere";
  const whose = whoseCall(front, user, talks);
  return whose === "mine" || whose === "over" ? null : whose;
}
