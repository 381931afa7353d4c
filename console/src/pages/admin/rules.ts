// Rules between the wire and the form: in the form nothing is null, and days are codes of a choice.
import type { RuleIn, RuleOut } from "../../api/schema.ts";

export interface RuleRow {
  kinds: string[];
  priorities: string[];
  places: string[];
  hours: { days: string[]; from: string; to: string }[];
  agencies: { agency: string; accept_within_s: number | null; next: string; caller: string }[];
  automatic: boolean;
  note: string;
}

export const rowOf = ({ kinds, priorities, places, hours, agencies, automatic, note }: RuleOut): RuleRow => ({
  kinds,
  priorities,
  places,
  hours: hours.map(({ days, from, to }) => ({ days: days.map(String), from, to })),
  agencies: agencies.map(({ agency, accept_within_s, next, caller_number }) => ({
    agency,
    accept_within_s,
    next: next ?? "",
    caller: caller_number === null ? "" : caller_number ? "yes" : "no",
  })),
  automatic,
  note,
});

export const ruleOf = ({ kinds, priorities, places, hours, agencies, automatic, note }: RuleRow): RuleIn => ({
  kinds,
  priorities: priorities as NonNullable<RuleIn["priorities"]>,
  places,
  hours: hours.map(({ days, from, to }) => ({ days: days.map(Number), from, to })),
  agencies: agencies.map(({ agency, accept_within_s, next, caller }) => ({
    agency,
    accept_within_s,
    next: next || null,
    caller_number: caller === "" ? null : caller === "yes",
  })),
  automatic,
  note,
});
