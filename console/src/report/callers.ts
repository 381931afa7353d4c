// What to call who is on the line.
import type { ReportSummary } from "../api/schema.ts";
import { words } from "../words/words.ts";

/** One number: the valid one, else what a person wrote, else what the carrier sent, else "no number". */
export function callerOf(report: ReportSummary): string {
  return report.caller.number ?? report.caller_typed ?? report.caller.number_raw ?? words.queue.noNumber;
}
