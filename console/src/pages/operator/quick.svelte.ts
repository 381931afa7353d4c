// Calls that are no emergency, in two keys: the class is saved and the report closed with it at once, which can be undone
// for a while; the caller is hung up at the end of a visible countdown, because a hang-up cannot be undone, and Esc stops
// it. A silent caller may be in danger: before "silent" somebody must have asked aloud and asked for a key to be pressed.
// It is of the caller one talks with, or of a call that is over: never of another while somebody is on the line.
import { ask } from "../../api/client.ts";
import type { Report } from "../../api/schema.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import { reports } from "../../report/reports.svelte.ts";
import { words } from "../../words/words.ts";
import { controls } from "./controls.svelte.ts";
import { desk } from "./desk.svelte.ts";
import { quickRefusal } from "./whose.ts";
import { who } from "../../who.ts";

export const QUICK = ["ghost", "prank", "information"] as const;
export type Quick = (typeof QUICK)[number];
const COUNTDOWN_S = 5;
const UNDO_FOR_MS = 60_000;

class QuickEnd {
  /** The report of which the silent-call step is being asked. */
  asking = $state<string | null>(null);
  /** Whose caller is hung up when `left` seconds are over. */
  counting = $state.raw<{ report: string; as: Quick } | null>(null);
  left = $state(0);
  /** What was ended last, for as long as that can be undone here. */
  ended = $state.raw<{ report: string; as: Quick } | null>(null);
  /** The report in front when a key was refused, because one talks about another. */
  refused = $state<string | null>(null);
  private forget: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  /** A key or a button was pressed; of a silent call the first only asks. */
  async press(report: Report, as: Quick): Promise<void> {
    if (this.counting) return;
    const refusal = quickRefusal(report, who.user, desk.talking);
    this.refused = refusal === "elsewhere" ? report.number : null;
    if (refusal || !report.steps.includes("close")) return;
    if (as === "ghost" && this.asking !== report.number) {
      this.asking = report.number;
      return;
    }
    this.asking = null;
    const path = { number: report.number };
    const closed = await trouble.over(async () =>
      reports.put(await ask("POST /api/v1/reports/{number}/disposition", { path, body: { class: as } })),
    );
    if (!closed) return;
    this.ended = { report: report.number, as };
    clearTimeout(this.forget);
    this.forget = setTimeout(() => (this.ended = null), UNDO_FOR_MS);
    if (report.call && report.call.stage !== "ended") this.count(report.number, as);
  }

  /** It was a report after all: open again, and of the class that it had. */
  async undo(): Promise<void> {
    if (!this.ended) return;
    const path = { number: this.ended.report };
    this.stop();
    const undone = await trouble.over(async () => {
      const { version } = await ask("POST /api/v1/reports/{number}/reopen", { path, body: { note: words.quick.undone } });
      reports.put(await ask("PATCH /api/v1/reports/{number}", { path, version, body: { class: "normal" } }));
    });
    if (undone) this.ended = null;
    await desk.open(path.number);
  }

  /** The caller stays on the line; nothing is asked any more. */
  stop(): void {
    clearInterval(this.timer);
    this.counting = null;
    this.asking = null;
  }

  private count(report: string, as: Quick): void {
    const ends = performance.now() + COUNTDOWN_S * 1000;
    this.counting = { report, as };
    this.left = COUNTDOWN_S;
    this.timer = setInterval(() => {
      this.left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
      if (this.left === 0) void this.hangUp(report);
    }, 200);
  }

  private async hangUp(number: string): Promise<void> {
    this.stop();
    desk.readyAfter(number);
    if (reports.get(number)?.call?.stage === "ended") return; // the caller was faster
    await controls.run(number, () => ask("POST /api/v1/reports/{number}/call/hang-up", { path: { number } }));
  }
}

export const quick = new QuickEnd();
