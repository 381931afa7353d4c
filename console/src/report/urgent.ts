// Dispatches that a person must do something about: nobody accepts in time, the agency rejected and nobody else was sent
// it, or the agency accepted, and gave up (the server knows that nobody follows) or fell silent. `db/board.py` counts the same.
import type { Dispatch, ReportSummary } from "../api/schema.ts";

export type Cause = "overdue" | "rejected" | "gave_up" | "silent";

export interface Urgent {
  report: string;
  agency: string;
  cause: Cause;
  /** Since when it is so. */
  since: string;
  /** Another one when it grew worse: what somebody has seen they have not seen in that. */
  key: string;
}

type Seen = Pick<ReportSummary, "number" | "status" | "duplicate_of" | "dispatches">;

const UNANSWERED = new Set(["queued", "sent", "delivered"]);
const AT_WORK = new Set(["accepted", "en_route", "on_scene"]);
const NOT_LIVE = new Set(["rejected", "cancelled"]);
const OVER = new Set(["resolved", "closed"]);

/** Why somebody must look at a dispatch of a report at this time of the server (ms); null: nobody must. */
export function causeOf(one: Dispatch, report: Seen, now: number): Cause | null {
  if (OVER.has(report.status)) return null;
  if (UNANSWERED.has(one.state)) return one.escalate_at !== null && Date.parse(one.accept_by) <= now ? "overdue" : null;
  if (AT_WORK.has(one.state)) return one.gave_up ? "gave_up" : one.asked > 0 ? "silent" : null;
  // Of joined reports it is the head that is sent: only the ladder knows whether nobody has a member's.
  const looked = report.duplicate_of === null || one.escalate_at !== null;
  return one.state === "rejected" && looked && !isFollowed(one, report.dispatches) ? "rejected" : null;
}

/** All of a report, the longest so first. */
export function urgentOf(report: Seen, now: number): Urgent[] {
  return report.dispatches
    .flatMap((one) => {
      const cause = causeOf(one, report, now);
      if (cause === null) return [];
      const since = { overdue: one.accept_by, rejected: one.rejected_at, gave_up: one.heard_at, silent: one.heard_at ?? one.accepted_at }[cause];
      const step = cause === "silent" ? one.asked : one.escalation;
      return [{ report: report.number, agency: one.agency, cause, since: since ?? one.created_at, key: `${one.id} ${cause} ${step}` }];
    })
    .sort((a, b) => a.since.localeCompare(b.since));
}

const isFollowed = (one: Dispatch, all: readonly Dispatch[]): boolean =>
  all.some((other) => other.created_at > one.created_at && !NOT_LIVE.has(other.state));
