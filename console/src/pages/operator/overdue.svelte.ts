// A dispatch that nobody accepts in time sounds every 15 s until somebody here has its report in front.
import { clock } from "../../clock.svelte.ts";
import { reports } from "../../report/reports.svelte.ts";
import { play } from "../../sounds.ts";
import { desk } from "./desk.svelte.ts";

const EVERY_MS = 15_000;
const WAITING = new Set(["queued", "sent", "delivered"]);
const seen = new Set<string>();

/** Of the reports that are this operator's, or open on this desk. */
function late(): { id: string; report: string }[] {
  const open = desk.tabs.map((number) => reports.get(number)).filter((report) => report !== undefined);
  return [...new Set([...reports.own, ...open])].flatMap(({ number, dispatches }) =>
      dispatches.filter((one) => WAITING.has(one.state) && Date.parse(one.accept_by) < clock.now).map(({ id }) => ({ id, report: number })),
    );
}

/** Listen while the page is shown; returns what ends that. */
export function overdue(): () => void {
  const timer = setInterval(() => {
    const now = late();
    for (const { id, report } of now) if (report === desk.front) seen.add(id);
    if (now.some(({ id }) => !seen.has(id))) play("overdue");
  }, EVERY_MS);
  return () => clearInterval(timer);
}
