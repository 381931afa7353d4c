// Refusals whose sentence has blanks: which step cannot follow, which field has a wrong value.
import { fill, wordOf, words } from "../words/words.ts";
import type { Problem } from "./schema.ts";

/** Why a step cannot be taken now, and which can; null: the server does not say enough. */
export function stepRefused({ status, allowed, held_by }: Partial<Problem>): string | null {
  const { refused } = words;
  const why = held_by?.length
    ? fill(refused.heldBy, { agencies: held_by.join(", ") })
    : status
      ? fill(refused.step, { status: wordOf(words.statuses, status) })
      : null;
  if (why === null) return null;
  const steps = (allowed ?? []).map((step) => wordOf(refused.steps, step));
  return steps.length ? `${why} ${fill(refused.can, { steps: steps.join(" · ") })}` : why;
}

/** What is wrong with a field; null: a rule that has no words. */
export function valueRefused({ field, why, limit }: Partial<Problem>): string | null {
  const rule = why && (words.refused.values as Record<string, string>)[why];
  if (!field || !rule) return null;
  return fill(words.refused.value, { field: wordOf(words.refusedFields, field), what: fill(rule, { n: limit ?? "?" }) });
}
