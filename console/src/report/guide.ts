// What the answers to a kind's guide add up to, and which priority follows. Pure, and as the server reckons it
// (intake/guide.py): an answer only ever raises; what a person set lower since stays, and is proposed here.
import type { GuideAnswer, Kind } from "../api/schema.ts";

export type Priority = "P1" | "P2" | "P3";
const URGENT: readonly Priority[] = ["P1", "P2", "P3"]; // the most urgent first

export const sumOf = (answers: readonly Pick<GuideAnswer, "weight">[]): number => answers.reduce((sum, one) => sum + one.weight, 0);

/** The priority that a sum reaches; null: none of the thresholds. */
export function reached(sum: number, thresholds: Record<string, number>): Priority | null {
  return URGENT.find((one) => one in thresholds && sum >= (thresholds[one] ?? Infinity)) ?? null;
}

/** `raised`: the report is that urgent; `proposed`: the answers say so, and somebody has set it lower. */
export type Follows = { is: "raised" | "proposed"; priority: Priority } | null;

export function follows(kind: Pick<Kind, "thresholds" | "priority">, now: Priority | null, sum: number): Follows {
  const priority = reached(sum, kind.thresholds);
  if (priority === null || priority > kind.priority) return null; // the kind itself is more urgent
  return { is: now === null || priority < now ? "proposed" : "raised", priority };
}

/** The thresholds, the lowest first, to show: `P2 from 5, P1 from 10`. */
export function steps(thresholds: Record<string, number>): [Priority, number][] {
  return URGENT.flatMap((one): [Priority, number][] => (one in thresholds ? [[one, thresholds[one] ?? 0]] : [])).reverse();
}
