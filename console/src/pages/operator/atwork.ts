// Whether the next key is meant for the report in front: then a call that is answered waits as a tab.
const LATELY_MS = 15_000;

export interface Hands {
  /** The focus is where text is typed. */
  types: boolean;
  /** The focus is on something else of the report in front: a button, a box to tick. */
  inReport: boolean;
  /** That report is closed. */
  closed: boolean;
  /** Since the last key or press in it. */
  sinceMs: number;
}

/** Who types is at work; so is who pressed something in an open report just now. A focus that was left there is no work. */
export const isAtWork = ({ types, inReport, closed, sinceMs }: Hands): boolean => types || (inReport && !closed && sinceMs < LATELY_MS);
