// What the supervisor looks at: read again when something happened, and every five seconds whatever happened.
import { ask } from "../../api/client.ts";
import type { NewWall, Supervision, Wall } from "../../api/schema.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import { clock } from "../../clock.svelte.ts";
import { live } from "../../live/live.svelte.ts";
import { Toll } from "../../report/toll.svelte.ts";
import { urgentOf } from "../../report/urgent.ts";

const READ_EVERY_MS = 5_000;
const SOON_MS = 700; // several things happen together: one reading for all
const STALE_AFTER_MS = 12_000;
const TELLS = ["report", "caller", "escalation", "service", "handover", "shift", "worklist", "agency", "settings"] as const;

class Watch {
  seen = $state.raw<Supervision | null>(null);
  walls = $state.raw<Wall[] | null>(null);
  /** A link that was just made: the server tells it this once. */
  made = $state.raw<NewWall | null>(null);
  private readonly toll = new Toll(
    () => (this.seen?.open.first ?? []).flatMap((report) => urgentOf(report, clock.now)),
    () => true,
  );
  private heardAt = $state(performance.now());
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading = false;

  start(): () => void {
    void this.read();
    void this.readWalls();
    const ends = TELLS.map((kind) => live.on(kind, () => this.soon()));
    ends.push(this.toll.start(), live.on("settings", () => void this.readWalls()));
    return () => {
      clearTimeout(this.timer);
      ends.forEach((end) => end());
    };
  }

  get stale(): boolean {
    return clock.monotonic - this.heardAt > STALE_AFTER_MS;
  }

  get since(): number {
    return clock.now - (clock.monotonic - this.heardAt);
  }

  /** Do something and look at what came of it. */
  async over(work: () => Promise<unknown>): Promise<boolean> {
    const done = await trouble.over(work);
    await Promise.all([this.read(), this.readWalls()]);
    return done;
  }

  endShift = (shift_id: string): Promise<boolean> =>
    this.over(() => ask("POST /api/v1/shifts/{shift_id}/end", { path: { shift_id } }));

  /** Whoever takes a report over leaves for it: nothing is read again here. */
  takeOver = (number: string): Promise<boolean> =>
    trouble.over(() => ask("POST /api/v1/reports/{number}/take-over", { path: { number } }));

  confirm = (strike_id: string): Promise<boolean> =>
    this.over(() => ask("POST /api/v1/strikes/{strike_id}/confirm", { path: { strike_id } }));

  lift = (strike_id: string, because: string): Promise<boolean> =>
    this.over(() => ask("POST /api/v1/strikes/{strike_id}/lift", { path: { strike_id }, body: { because } }));

  take = (handover_id: string): Promise<boolean> =>
    this.over(() => ask("POST /api/v1/handovers/{handover_id}/take", { path: { handover_id } }));

  makeWall = (name: string): Promise<boolean> =>
    this.over(async () => (this.made = await ask("POST /api/v1/walls", { body: { name } })));

  revokeWall(name: string): Promise<boolean> {
    if (this.made?.name === name) this.made = null;
    return this.over(() => ask("POST /api/v1/walls/{name}/revoke", { path: { name } }));
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(), SOON_MS);
  }

  private async read(): Promise<void> {
    if (this.reading) return this.soon();
    this.reading = true;
    clearTimeout(this.timer);
    try {
      this.seen = await ask("GET /api/v1/supervision");
      this.heardAt = performance.now();
    } catch {
      // what is shown grows old, and says so
    }
    this.reading = false;
    this.timer = setTimeout(() => void this.read(), READ_EVERY_MS);
  }

  private async readWalls(): Promise<void> {
    try {
      this.walls = (await ask("GET /api/v1/walls")).walls;
    } catch {
      // the next event brings them
    }
  }
}

export const watch = new Watch();
