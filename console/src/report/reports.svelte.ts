// The reports that this tab knows: all of the snapshot, kept current by the live events. Lists show summaries; a report
// that somebody opens is read whole. `reports.get(number)`; `reports.calls`, `reports.newest`, both sorted.
import { SvelteMap } from "svelte/reactivity";
import { ask, Unreachable } from "../api/client.ts";
import type { CallSummary, Report, ReportSummary, Service, State } from "../api/schema.ts";
import { live } from "../live/live.svelte.ts";
import { oneAtATime } from "../once.ts";
import { who } from "../who.ts";
import { isWhole, kept } from "./kept.ts";

const KEPT = 200;
const AGAIN_AFTER_MS = 2_000;
const WAITING = new Set(["arrived", "queued", "overflow"]);

export type Called = ReportSummary & { call: CallSummary };

export const isWaiting = (report: ReportSummary): boolean => report.call !== null && WAITING.has(report.call.stage);
export { isWhole };

class Reports {
  services = $state.raw<Service[]>([]);
  /** Whether the first snapshot is there. */
  known = $state(false);
  private readonly all = new SvelteMap<string, ReportSummary | Report>();
  private readonly reading = new Map<string, boolean>(); // number -> read once more
  private readonly opened = new Set<string>();
  private mine = $state.raw<ReadonlySet<string>>(new Set());

  /** Listen; called once, by the frame. */
  start(): void {
    live.on("report", (change) => void this.read(change.subject));
    live.on("handover", () => void this.readMine());
  }

  /** Take up a snapshot. */
  async take(state: State): Promise<void> {
    const present = new Set([...state.reports, ...state.calls].map((report) => report.number));
    for (const number of this.all.keys()) if (!present.has(number) && !this.stays(number)) this.all.delete(number);
    for (const report of [...state.reports, ...state.calls]) this.put(report);
    this.services = state.services;
    this.known = true;
    await Promise.all([this.readMine(), ...[...this.opened].map((number) => this.read(number))]);
  }

  get(number: string | null): ReportSummary | Report | undefined {
    return number === null ? undefined : this.all.get(number);
  }

  /** Calls that are not over: who waits first, and of these who waits longest. */
  get calls(): Called[] {
    return [...this.all.values()]
      .filter((report): report is Called => report.call !== null && report.call.stage !== "ended")
      .sort((a, b) => Number(isWaiting(b)) - Number(isWaiting(a)) || a.call.arrived_at.localeCompare(b.call.arrived_at));
  }

  /** All reports, the newest first. */
  get newest(): ReportSummary[] {
    return [...this.all.values()].sort((a, b) => b.opened_at.localeCompare(a.opened_at) || b.number.localeCompare(a.number));
  }

  /** What is this person's and not closed, the oldest first. Never left out, however many came since. */
  get own(): ReportSummary[] {
    return this.newest.filter(({ number, status }) => status !== "closed" && this.mine.has(number)).reverse();
  }

  /** Whose a report is the server says; it is asked anew when something may have changed it. */
  private readonly readMine = oneAtATime(async () => {
    try {
      const { reports: own } = await ask("GET /api/v1/my-reports");
      this.mine = new Set(own.map(({ number }) => number));
      for (const report of own) this.put(report);
    } catch (error) {
      if (error instanceof Unreachable) setTimeout(() => void this.readMine(), AGAIN_AFTER_MS);
    }
  });

  /** A report is on a screen whole: it is kept and read anew with each change, until it is closed there. */
  open(number: string): Promise<void> {
    this.opened.add(number);
    return this.read(number);
  }

  close(number: string): void {
    this.opened.delete(number);
  }

  /** Read one anew; while it is being read, once more at most. What cannot be read now is tried again. */
  async read(number: string): Promise<void> {
    if (this.reading.has(number)) {
      this.reading.set(number, true);
      return;
    }
    do {
      this.reading.set(number, false);
      try {
        const report = await ask("GET /api/v1/reports/{number}", { path: { number } });
        this.put(report);
        if (this.mayBecomeMine(report)) void this.readMine();
      } catch (error) {
        if (error instanceof Unreachable) setTimeout(() => void this.read(number), AGAIN_AFTER_MS);
      }
    } while (this.reading.get(number));
    this.reading.delete(number);
  }

  /** Take what the server answered, as `kept` says. */
  put(report: ReportSummary | Report): void {
    const { number, version } = report;
    const now = kept(this.all.get(number), report, this.opened.has(number));
    this.all.set(number, now);
    if (now.version < version) void this.read(number);
    if (this.all.size > 2 * KEPT) this.thinOut();
  }

  /** It is not mine yet, and I answered its call or have it in front of me, where I may have written. */
  private mayBecomeMine({ number, status, call }: Report): boolean {
    return status !== "closed" && !this.mine.has(number) && (this.opened.has(number) || call?.operator?.user === who.user);
  }

  private stays(number: string): boolean {
    return this.opened.has(number) || this.mine.has(number);
  }

  private thinOut(): void {
    for (const { number, call } of this.newest.slice(KEPT))
      if (!this.stays(number) && (call === null || call.stage === "ended")) this.all.delete(number);
  }
}

export const reports = new Reports();
