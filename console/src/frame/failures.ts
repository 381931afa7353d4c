// What could not be done, each until the same is done or somebody puts it away. Pure. `deed`: a name of what was tried, with
// what it was tried on, so that nothing else that succeeds takes it off the screen: `POST /api/v1/reports/112-…/dispatches`.
export interface Failure {
  deed: string;
  /** Why, in a sentence. */
  text: string;
  /** When (ms, the server's time). */
  at: number;
}

/** With one more; the same deed that failed before is told once. */
export const failed = (all: readonly Failure[], one: Failure): Failure[] => [...without(all, one.deed), one];

/** Without what is done now, or was put away. */
export const without = (all: readonly Failure[], deed: string): Failure[] => all.filter((one) => one.deed !== deed);

/** The report that a deed was about, or null. */
export const reportOf = (deed: string): string | null => /112-\d{8}-\d{4,}/.exec(deed)?.[0] ?? null;
