// Which of two readings of one report is kept. A list brings summaries, a screen that shows a report reads it whole.
import type { Report, ReportSummary } from "../api/schema.ts";

export type Read = ReportSummary | Report;

export const isWhole = (report: Read | undefined): report is Report => report !== undefined && "entries" in report;

/**
 * An older version never covers a newer one. Nor does a summary cover the whole report that is `onScreen`, even of an older
 * version: half of it would be old under a new version, and what is typed there would go out as if its writer had seen the
 * new half. The whole one is read anew instead.
 */
export function kept(known: Read | undefined, came: Read, onScreen: boolean): Read {
  if (!known) return came;
  if (known.version > came.version) return known;
  if (isWhole(came) || !isWhole(known)) return came;
  return onScreen || known.version === came.version ? known : came;
}
