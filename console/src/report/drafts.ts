// What becomes of a field between the keyboard and the server. Pure: `typed`, `sending`, `saved`, `failed` give the next
// draft. A field without a draft shows what the report holds.
//
//     typed -> saving -> (gone: the report holds it)
//        ^        |-> waiting   nobody answered; it is sent again by itself
//        |        |-> conflict  somebody else changed the same field: both values are shown, a person chooses
//        +--------+-> refused   the server will not have it; it stays as typed
import type { Sides } from "../api/schema.ts";
import type { Value } from "./leaves.ts";

export type DraftState = "typed" | "saving" | "waiting" | "conflict" | "refused";

export interface Draft {
  readonly value: Value;
  /** The version of the report that the person saw when they began; it goes out as If-Match. */
  readonly version: number;
  readonly state: DraftState;
  /** What went out, while it is on its way. */
  readonly sent: Value;
  /** In a conflict, what somebody else wrote. */
  readonly theirs: Value;
  /** In a conflict, the version of the report that has `theirs`. */
  readonly current: number;
  /** Why it was refused, in the server's words. */
  readonly why: string;
}

/**
 * Somebody typed: what they saw when they began stays what they saw, so that nobody's words are written over unseen. Nor is a
 * conflict over because the keyboard was faster than the eye: it stays until somebody chooses.
 */
export function typed(draft: Draft | undefined, value: Value, version: number): Draft {
  if (draft?.state === "conflict") return { ...draft, value };
  const since = draft?.version ?? version;
  const sending = draft?.state === "saving";
  return { value, version: since, state: sending ? "saving" : "typed", sent: sending ? draft.sent : null, theirs: null, current: since, why: "" };
}

export const isDue = (draft: Draft): boolean => draft.state === "typed" || draft.state === "waiting";

export const sending = (draft: Draft): Draft => ({ ...draft, state: "saving", sent: draft.value });

/** The server has it, as `version`. What was typed meanwhile stays a draft, made on that version. */
export function saved(draft: Draft, version: number): Draft | undefined {
  return draft.value === draft.sent ? undefined : { ...draft, state: "typed", version, sent: null };
}

export const unanswered = (draft: Draft): Draft => ({ ...draft, state: "waiting", sent: null });

export const refused = (draft: Draft, why: string): Draft => ({ ...draft, state: "refused", sent: null, why });

/**
 * A change was refused with 412. A field that is in the conflict is put to the person, unless both wrote the same; one that
 * only went with it is sent again, on the newest version. `version` stays: whoever reloads now meets the conflict again.
 */
export function collided(draft: Draft, sides: Sides | undefined, current: number): Draft | undefined {
  if (sides === undefined) return { ...draft, state: "typed", version: current, sent: null };
  const theirs = sides.theirs as Value;
  if ((theirs ?? "") === (draft.value ?? "")) return undefined;
  return { ...draft, state: "conflict", current, theirs, sent: null };
}

/** The person chose their own value: it is sent on the version that the conflict told of. */
export const insisted = (draft: Draft): Draft => ({ ...draft, state: "typed", version: draft.current, theirs: null });
