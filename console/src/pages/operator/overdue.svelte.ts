// What is urgent of this operator's reports, and of those open on this desk: it sounds until somebody has its report in
// front and presses something.
import { clock } from "../../clock.svelte.ts";
import { reports } from "../../report/reports.svelte.ts";
import { Toll } from "../../report/toll.svelte.ts";
import { urgentOf } from "../../report/urgent.ts";
import { desk } from "./desk.svelte.ts";

export const overdue = new Toll(
  () => {
    const open = desk.tabs.map((number) => reports.get(number)).filter((report) => report !== undefined);
    return [...new Map([...reports.own, ...open].map((report) => [report.number, report])).values()].flatMap((report) =>
      urgentOf(report, clock.now),
    );
  },
  ({ report }) => report === desk.front,
);
