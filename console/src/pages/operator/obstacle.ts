// Why a report cannot be joined to another, by what is known of both: the server's sentence is in one language.
export type Obstacle = "closedHere" | "overThere" | "apart";

const OVER: ReadonlySet<string> = new Set(["resolved", "closed"]);

/** `here`, `there`: the statuses of the report and of the one that it would be joined to. `apart`: in time, or one is no real one. */
export function obstacleOf(here: string, there: string): Obstacle {
  if (here === "closed") return "closedHere";
  return OVER.has(there) ? "overThere" : "apart";
}
