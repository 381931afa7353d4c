// What this operator has on the desk: which reports are open, which one is in front, the shift, who is ringing.
// Focus is never stolen: what comes while somebody is at work on a report becomes a tab, and waits. The report in front stays
// until the one that was asked for is there.
import { ask, Refusal } from "../../api/client.ts";
import type { Desk as Shift, RingingCaller, Worklist } from "../../api/schema.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import type { Fresh } from "../../live/fresh.ts";
import { live } from "../../live/live.svelte.ts";
import { autosave } from "../../report/autosave.svelte.ts";
import { Bell } from "../../report/bell.ts";
import { notes } from "../../report/notes.svelte.ts";
import { opensHere } from "../../report/opening.ts";
import { scraps } from "../../report/scraps.svelte.ts";
import { isWhole, reports } from "../../report/reports.svelte.ts";
import { who } from "../../who.ts";
import { fill, words } from "../../words/words.ts";
import { prefer, preference } from "../../preferences.ts";
import { isAtWork } from "./atwork.ts";
import { tabsOf, tooMany, type Tabs } from "./tabs.ts";
import { talksAbout } from "./whose.ts";

const MOST_TABS = 8;
const PAGE = 50; // items of the worklist, those first that are owed longest
const TYPES = "input:not([type=checkbox]), textarea, select";
const IN_FRONT = "#report .columns"; // the report itself, without the tabs
const KEPT = `intake112.tabs.${who.user}`; // in sessionStorage: another window has its own tabs
const NUMBER = /^112-\d{8}-\d{4,9}$/;

const opens = (number: string): string => `open ${number}`; // the deed, as `trouble` tells it

class Desk {
  /** Numbers of the opened reports, in the order in which they were opened. */
  tabs = $state<string[]>([]);
  /** The one in front. */
  front = $state<string | null>(null);
  /** The one that was asked for and is not there yet. */
  opening = $state<string | null>(null);
  /** Opened by itself while somebody was typing, and not looked at yet. */
  waiting = $state<string[]>([]);
  shift = $state.raw<Shift | null>(null);
  /** Where a shift can begin, and who sits there now. */
  telephones = $state.raw<readonly { device: string; user: string | null }[]>([]);
  callers = $state.raw<ReadonlyMap<string, RingingCaller>>(new Map());
  /** Who else has a shift now. */
  colleagues = $state.raw<string[]>([]);
  worklist = $state.raw<Worklist | null>(null);
  /** Whether the shift, and who owes a call back, is as the server has it; false: it could not be read, and is read again. */
  shiftKnown = $state(false);
  worklistKnown = $state(false);
  private shiftRead: Fresh | null = null;
  private worklistRead: Fresh | null = null;
  private cameBack = $state(false);
  private askedAt = 0; // when somebody asked for a report, and when they last did something in the one in front
  private touchedAt = 0;
  private most = PAGE; // items of the worklist that are read
  private readonly bell = new Bell();
  private talks: string | null = null; // the report of the call on this desk's telephone
  private done: string | null = null; // a report of which nothing is to be written after the call

  start(): () => void {
    queueMicrotask(() => this.comeBack()); // not in the effect that calls us: it would run again
    const touch = (event: Event): void => {
      if (event.target instanceof Element && event.target.closest(IN_FRONT)) this.touchedAt = performance.now();
    };
    for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, touch, true);
    const ends = [
      () => ["keydown", "pointerdown"].forEach((kind) => removeEventListener(kind, touch, true)),
      opensHere((number) => void this.open(number)),
      live.on("caller", () => void this.readCallers()),
    ];
    this.shiftRead = live.fresh(() => this.readShift(), (known) => (this.shiftKnown = known), "shift");
    this.worklistRead = live.fresh(() => this.readWork(), (known) => (this.worklistKnown = known), "worklist");
    const bell = setInterval(() => this.look(), 1_000);
    ends.push(() => this.shiftRead?.end(), () => this.worklistRead?.end(), () => clearInterval(bell));
    return () => ends.forEach((end) => end());
  }

  /** The report of whom this operator talks with now. */
  get talking(): string | null {
    return talksAbout(reports.calls, who.user, this.shift);
  }

  /** Open a report in front as soon as it is there: somebody asked for it. */
  async open(number: string): Promise<void> {
    if (!this.tabs.includes(number)) this.tabs.push(number);
    this.waiting = this.waiting.filter((one) => one !== number);
    trouble.done(opens(number));
    this.askedAt = performance.now();
    this.opening = number;
    const read = reports.open(number);
    this.settle();
    await read;
    this.settle();
  }

  /** Bring in front what was asked for if it has come, or say that it will not; called whenever reports have come. */
  settle(): void {
    const number = this.opening;
    if (number === null) return;
    const why = reports.refused.get(number);
    if (isWhole(reports.get(number))) {
      this.opening = null;
      if (this.front !== null && this.touchedAt > this.askedAt) this.waiting.push(number); // somebody went on where they were
      else this.front = number;
      this.makeRoom();
    } else if (why !== undefined) {
      this.close(number);
      trouble.say(fill(words.report.missing, { why }), opens(number));
    }
  }

  close(number: string): void {
    const at = this.tabs.indexOf(number);
    this.tabs = this.tabs.filter((one) => one !== number);
    this.waiting = this.waiting.filter((one) => one !== number);
    if (this.opening === number) this.opening = null;
    reports.close(number);
    if (this.front !== number) return;
    this.front = null;
    const next = this.tabs[Math.min(at, this.tabs.length - 1)];
    if (next) void this.open(next);
  }

  private makeRoom(): void {
    const stays = (number: string): boolean =>
      number === this.front || number === this.opening || number === this.talking || this.waiting.includes(number) || isUnsaved(number);
    for (const number of tooMany(this.tabs, MOST_TABS, stays)) this.close(number);
  }

  /** The tabs of before a reload; another page may have led here, to a report. */
  private comeBack(): void {
    const { open, front, waiting } = tabsOf(sessionStorage.getItem(KEPT));
    this.tabs = [...new Set([...open, ...this.tabs])];
    this.waiting = [...new Set([...waiting, ...this.waiting])];
    for (const number of open) void reports.open(number);
    const asked = location.hash.slice(1);
    if (NUMBER.test(asked)) {
      history.replaceState(null, "", location.pathname + location.search); // once: a reload comes back to what is in front then
      void this.open(asked);
    } else if (front && this.front === null && this.opening === null) void this.open(front);
    this.cameBack = true;
  }

  /** Keep the tabs for a reload; called whenever they change. */
  keep(): void {
    const tabs: Tabs = { open: this.tabs, front: this.front ?? this.opening, waiting: this.waiting };
    if (this.cameBack) sessionStorage.setItem(KEPT, JSON.stringify(tabs));
  }

  /** A call was answered at this desk's telephone: its report comes in front, or beside what somebody is at work on. */
  private answered(number: string): void {
    if (this.front === number) return;
    if (this.front === null || !this.atWork()) {
      void this.open(number);
      return;
    }
    if (!this.tabs.includes(number)) this.tabs.push(number);
    if (!this.waiting.includes(number)) this.waiting.push(number);
    void reports.open(number);
    this.makeRoom();
  }

  private atWork(): boolean {
    const focus = document.activeElement;
    return isAtWork({
      types: !!focus?.matches(TYPES),
      inReport: !!focus?.closest(IN_FRONT),
      closed: reports.get(this.front)?.status === "closed",
      sinceMs: performance.now() - this.touchedAt,
    });
  }

  /** Somebody new is ringing: sound, and what is known of the number. It rings on while somebody waits and this desk is ready. */
  look(): void {
    if (this.bell.look(this.shift?.state === "ready")) void this.readCallers();
  }

  async begin(device: string): Promise<void> {
    prefer("device", device);
    await trouble.over(async () => (this.shift = await ask("POST /api/v1/shift", { body: { device } })));
  }

  async wish(state: "ready" | "break"): Promise<void> {
    await trouble.over(async () => (this.shift = await ask("POST /api/v1/shift/state", { body: { state } })));
  }

  /** After the call of this report there is nothing to wrap up: ready again as soon as it is over. */
  readyAfter(number: string): void {
    this.done = number;
    void this.shiftRead?.run();
  }

  async end(): Promise<void> {
    if (await trouble.over(() => ask("POST /api/v1/shift/end"))) this.shift = null;
  }

  /** Leave what is open to somebody, null: to whoever is next; then the shift is over. True when they have the note. */
  async handOver(note: string, to: string | null): Promise<boolean> {
    const given = await trouble.over(async () => {
      try {
        await ask("POST /api/v1/handovers", { body: { note, to } });
      } catch (error) {
        if (!(error instanceof Refusal && error.code === "nothing_to_hand_over")) throw error;
      }
    });
    if (given) await this.end();
    return given;
  }

  get lastDevice(): string {
    return preference("device") ?? "";
  }

  private async readShift(): Promise<void> {
    const { desks, devices } = await ask("GET /api/v1/desks"); // of one's own alone the server says 409 where there is none
    this.shift = desks.find((one) => one.user === who.user) ?? null;
    this.telephones = devices.map((device) => ({ device, user: desks.find((one) => one.device === device)?.user ?? null }));
    this.colleagues = desks.flatMap(({ user, shift }) => (user && shift && user !== who.user ? [user] : []));
    const { state, report } = this.shift ?? {};
    const talks = state === "talking" ? (report ?? null) : null;
    if (talks && talks !== this.talks) this.answered(talks); // once, however many readings were on their way
    this.talks = talks;
    if (state === "wrap-up" && report && report === this.done) {
      this.done = null;
      await this.wish("ready");
    }
  }

  /** Read more of the callers who are owed a call back than before. */
  moreWork(): Promise<void> {
    this.most += PAGE;
    return this.readWorklist();
  }

  /** Read anew who owes a call back. */
  async readWorklist(): Promise<void> {
    await this.worklistRead?.run();
  }

  private async readWork(): Promise<void> {
    const read = (offset: number): Promise<Worklist> => ask("GET /api/v1/worklist", { query: { owed: true, order: "due", limit: PAGE, offset } });
    let list = await read(0);
    for (let offset = PAGE; offset < this.most && offset < list.owed; offset += PAGE) {
      const more = await read(offset);
      list = { ...more, items: [...list.items, ...more.items] };
    }
    this.worklist = list;
  }

  private async readCallers(): Promise<void> {
    try {
      const { callers } = await ask("GET /api/v1/calls/callers");
      this.callers = new Map(callers.map((caller) => [caller.report, caller]));
    } catch {
      // badges are an aid: the call is shown without
    }
  }
}

const isUnsaved = (number: string): boolean => autosave.isUnsaved(number) || notes.of(number).length > 0 || notes.draft(number) !== "" || scraps.any(number);

export const desk = new Desk();
