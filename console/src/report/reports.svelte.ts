// The reports that this tab knows: all of the snapshot, kept current by the live events. Lists show summaries; a report
// that somebody opens is read whole. `reports.get(number)`; `reports.calls`, `reports.newest`, both sorted.
import { SvelteMap } from "svelte/reactivity";
import { ask, Unreachable } from "../api/client.ts";
import type { CallSummary, Report, ReportSummary, Service, State } from "../api/schema.ts";
import { sentenceOf } from "../api/sentences.ts";
import { live } from "../live/live.svelte.ts";
import { oneAtATime } from "../once.ts";
import { who } from "../who.ts";
import { isWhole, kept } from "./kept.ts";

const KEPT = 200;
const AGAIN_AFTER_MS = 2_000;
const COUNT_AFTER_MS = 1_000; // several reports open and close together: one count for all
const WAITING = new Set(["arrived", "queued", "overflow"]);

export type Called = ReportSummary & { call: CallSummary };

export const isWaiting = (report: ReportSummary): boolean => report.call !== null && WAITING.has(report.call.stage);
export { isWhole };

class Reports {
  services = $state.raw<Service[]>([]);
  /** Whether the first snapshot is there. */
  known = $state(false);
  /** Why the server did not give a report that is to be on a screen. */
  readonly refused = new SvelteMap<string, string>();
  /** How many reports are not closed, whether this tab knows them or not. */
  total = $state(0);
  /** Where the open ones go on that this tab does not know yet; null: it knows all. */
  private next = $state<string | null>(null);
  private pages = 0; // of older open ones that somebody asked for
  private counting: ReturnType<typeof setTimeout> | undefined;
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
    let next = state.next;
    const found = [...state.reports, ...state.calls];
    for (let page = 0; page < this.pages && next !== null; page++) {
      const older = await ask("GET /api/v1/open-reports", { query: { after: next } });
      found.push(...older.reports);
      next = older.next;
    }
    const present = new Set(found.map((report) => report.number));
    for (const number of this.all.keys()) if (!present.has(number) && !this.stays(number)) this.all.delete(number);
    for (const report of found) this.put(report);
    this.services = state.services;
    this.next = next;
    this.total = state.open_reports;
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

  /** Whether there are open reports that this tab does not know. */
  get more(): boolean {
    return this.next !== null;
  }

  /** Read the next older page of open reports; it stays. Throws what `ask` throws. */
  async older(): Promise<void> {
    const after = this.next;
    if (after === null) return;
    const page = await ask("GET /api/v1/open-reports", { query: { after } });
    if (this.next !== after) return; // somebody was faster
    for (const report of page.reports) this.put(report);
    this.next = page.next;
    this.total = page.total;
    this.pages++;
  }

  private readonly count = oneAtATime(async () => {
    try {
      this.total = (await ask("GET /api/v1/open-reports", { query: { limit: 1 } })).total;
    } catch (error) {
      if (error instanceof Unreachable) setTimeout(() => void this.count(), AGAIN_AFTER_MS);
    }
  });

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
    this.refused.delete(number);
    return this.read(number);
  }

  close(number: string): void {
    this.opened.delete(number);
    this.refused.delete(number);
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
        this.refused.delete(number);
        if (this.mayBecomeMine(report)) void this.readMine();
      } catch (error) {
        if (error instanceof Unreachable) setTimeout(() => void this.read(number), AGAIN_AFTER_MS);
        else if (this.opened.has(number)) this.refused.set(number, sentenceOf(error));
      }
    } while (this.reading.get(number));
    this.reading.delete(number);
  }

  /** Take what the server answered, as `kept` says. */
  put(report: ReportSummary | Report): void {
    const { number, version } = report;
    const known = this.all.get(number);
    const now = kept(known, report, this.opened.has(number));
    this.all.set(number, now);
    if (this.known && known?.status !== now.status && (now.status === "closed" || !known || known.status === "closed")) {
      clearTimeout(this.counting);
      this.counting = setTimeout(() => void this.count(), COUNT_AFTER_MS);
    }
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
    for (const { number, status, call } of this.newest.slice(KEPT))
      if (status === "closed" && !this.stays(number) && (call === null || call.stage === "ended")) this.all.delete(number);
  }
}

export const reports = new Reports();
