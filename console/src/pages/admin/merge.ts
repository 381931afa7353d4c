// Two people and one form: what was there (`base`), what I wrote (`mine`), what is there now (`theirs`). What only one of us
// changed is theirs or mine; what both changed, each in another way, is a conflict, and a person chooses.

export type Values = Readonly<Record<string, unknown>>;

export const same = (one: unknown, other: unknown): boolean => spelt(one) === spelt(other);

/** The names of the fields in which two differ. */
export function differing(one: Values, other: Values): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((name) => !same(one[name], other[name]));
}

/** What the form shows now, and what of `theirs` contradicts it. */
export function merge(base: Values, mine: Values, theirs: Values): { mine: Values; conflicts: Values } {
  const merged: Record<string, unknown> = { ...theirs };
  const conflicts: Record<string, unknown> = {};
  for (const name of differing(base, mine)) {
    merged[name] = mine[name];
    if (!same(base[name], theirs[name]) && !same(mine[name], theirs[name])) conflicts[name] = theirs[name];
  }
  return { mine: merged, conflicts };
}

/** JSON with sorted names: one value, one spelling. */
function spelt(value: unknown): string {
  return (
    JSON.stringify(value, (_, one: unknown) =>
      one !== null && typeof one === "object" && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
        : one,
    ) ?? "undefined"
  );
}
