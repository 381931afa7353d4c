// What the server's stream says, and what goes between the shared worker and its tabs.

/** Something changed: its kind, whose number or code, which version. `seq` is its place in the order of commits. */
export interface Change {
  seq: number;
  kind: string;
  subject: string;
  version: number | null;
  at: string;
}

/** What a feed tells a tab. `listening`: nothing after `seq` will be missed. `reset`: something was; read all again. */
export type FeedMessage =
  | { type: "listening"; seq: number }
  | { type: "change"; change: Change }
  | { type: "heartbeat"; seq: number; at: string }
  | { type: "reset"; seq: number }
  | { type: "cut" };

/** What a tab tells the worker. */
export type TabMessage = { type: "hello" } | { type: "bye" };

/** The kinds of events, all that there are in `Kind` of db/journal.py (tests/console/test_words.py compares them). */
export const KINDS = [
  "report", "service", "control", "escalation", "rules", "agency", "settings", "presence", "handover", "shift", "places", "worklist", "caller",
] as const;
