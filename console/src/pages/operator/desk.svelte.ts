// What this operator has on the desk: which reports are open, which one is in front, the shift, who is ringing.
// Focus is never stolen: what comes while somebody is typing becomes a tab, and waits.
import { ask, Refusal } from "../../api/client.ts";
import type { Desk as Shift, RingingCaller, Worklist } from "../../api/schema.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import { live } from "../../live/live.svelte.ts";
import { opensHere } from "../../report/opening.ts";
import { isWaiting, reports } from "../../report/reports.svelte.ts";
import { play } from "../../sounds.ts";
import { who } from "../../who.ts";
import { prefer, preference } from "../../preferences.ts";

const MOST_TABS = 8;
const PAGE = 50; // items of the worklist, those first that are owed longest
const TYPES = "input:not([type=checkbox]), textarea, select";

class Desk {
  /** Numbers of the opened reports, in the order in which they were opened. */
  tabs = $state<string[]>([]);
  /** The one in front. */
  front = $state<string | null>(null);
  /** Opened by itself while somebody was typing, and not looked at yet. */
  waiting = $state<string[]>([]);
  shift = $state.raw<Shift | null>(null);
  /** Where a shift can begin, and who sits there now. */
  telephones = $state.raw<readonly { device: string; user: string | null }[]>([]);
  callers = $state.raw<ReadonlyMap<string, RingingCaller>>(new Map());
  /** Who else has a shift now. */
  colleagues = $state.raw<string[]>([]);
  worklist = $state.raw<Worklist | null>(null);
  private most = PAGE; // items of the worklist that are read
  private rung = new Set<string>();
  private talks: string | null = null; // the report of the call on this desk's telephone
  private done: string | null = null; // a report of which nothing is to be written after the call

  start(): () => void {
    void this.readShift();
    void this.readWorklist();
    const asked = location.hash.slice(1); // another page led here, to a report
    if (/^112-\d{8}-\d{4,9}$/.test(asked)) queueMicrotask(() => void this.open(asked)); // not in the effect that calls us: it would run again
    const ends = [
      opensHere((number) => void this.open(number)),
      live.on("shift", () => void this.readShift()),
      live.on("worklist", () => void this.readWorklist()),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Open a report in front: somebody asked for it. */
  async open(number: string): Promise<void> {
    if (!this.tabs.includes(number)) this.tabs.push(number);
    this.waiting = this.waiting.filter((one) => one !== number);
    this.front = number;
    await reports.open(number);
    const [oldest] = this.tabs;
    if (this.tabs.length > MOST_TABS && oldest && oldest !== number) this.close(oldest);
  }

  close(number: string): void {
    const at = this.tabs.indexOf(number);
    this.tabs = this.tabs.filter((one) => one !== number);
    reports.close(number);
    if (this.front === number) this.front = this.tabs[Math.min(at, this.tabs.length - 1)] ?? null;
  }

  /** A call was answered at this desk's telephone: its report comes in front, or beside what is being typed. */
  private answered(number: string): void {
    if (this.front === number) return;
    if (this.front === null || !document.activeElement?.matches(TYPES)) {
      void this.open(number);
      return;
    }
    if (!this.tabs.includes(number)) this.tabs.push(number);
    if (!this.waiting.includes(number)) this.waiting.push(number);
    void reports.open(number);
  }

  /** Somebody new is ringing: sound, and what is known of the number. */
  look(): void {
    const ringing = reports.calls.filter(isWaiting).map(({ number }) => number);
    const fresh = ringing.filter((number) => !this.rung.has(number));
    this.rung = new Set(ringing);
    if (!fresh.length) return;
    play("ring");
    void this.readCallers();
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
    void this.readShift();
  }

  async end(): Promise<void> {
    if (await trouble.over(() => ask("POST /api/v1/shift/end"))) this.shift = null;
  }

  /** Leave what is open to somebody, null: to whoever is next; then the shift is over. */
  async handOver(note: string, to: string | null): Promise<void> {
    const given = await trouble.over(async () => {
      try {
        await ask("POST /api/v1/handovers", { body: { note, to } });
      } catch (error) {
        if (!(error instanceof Refusal && error.code === "nothing_to_hand_over")) throw error;
      }
    });
    if (given) await this.end();
  }

  get lastDevice(): string {
    return preference("device") ?? "";
  }

  private async readShift(): Promise<void> {
    try {
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
    } catch {
      // the next event brings it
    }
  }

  /** Read more of the callers who are owed a call back than before. */
  moreWork(): Promise<void> {
    this.most += PAGE;
    return this.readWorklist();
  }

  async readWorklist(): Promise<void> {
    try {
      const read = (offset: number): Promise<Worklist> => ask("GET /api/v1/worklist", { query: { owed: true, order: "due", limit: PAGE, offset } });
      let list = await read(0);
      for (let offset = PAGE; offset < this.most && offset < list.owed; offset += PAGE) {
        const more = await read(offset);
        list = { ...more, items: [...list.items, ...more.items] };
      }
      this.worklist = list;
    } catch {
      // the next event brings it
    }
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

export const desk = new Desk();
