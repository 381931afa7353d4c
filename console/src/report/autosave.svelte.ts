// Saves fields by themselves, 400 ms after the last keystroke: `autosave.type(report, "narrative", "…")`.
// Every change of one report goes out one after the other; several fields go together. What it knows of each field
// (saved when, waiting, refused, in conflict) is `of(report, leaf)` and `savedAt(report, leaf)`.
import { SvelteMap } from "svelte/reactivity";
import { ask, Refusal, Unreachable } from "../api/client.ts";
import type { Report } from "../api/schema.ts";
import { clock } from "../clock.svelte.ts";
import { sentenceOf } from "../api/sentences.ts";
import { journal, recovered } from "./recovery.ts";
import { changeOf, LEAVES, type Leaf, type Value } from "./leaves.ts";
import type { Unsaved } from "./unsaved.ts";
import { collided, type Draft, insisted, isDue, refused, saved, sending, typed, unanswered } from "./drafts.ts";

const AFTER_MS = 400;
const AGAIN_AFTER_MS = 2_000;
const REPORT_OF = /^[^ ]+/;

const keyOf = (report: string, leaf: Leaf): string => `${report} ${leaf}`;

class Autosave {
  /** Whether the browser keeps what is typed; false: a reload would lose what is not saved yet. */
  kept = $state(true);
  private readonly drafts = new SvelteMap<string, Draft>();
  private readonly times = new SvelteMap<string, number>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly busy = new Set<string>();
  private taken: (report: Report) => void = () => undefined;

  /** Begin: `taken` gets each report as the server has it after a change. What was left by a reload is sent now. */
  start(taken: (report: Report) => void): void {
    this.taken = taken;
    journal.told = (kept) => {
      if (kept !== this.kept) this.kept = kept;
    };
    void recovered.then((left) => {
      for (const kept of left) {
        const leaf = LEAVES.find((one) => one === kept.leaf);
        if (!leaf || this.drafts.has(keyOf(kept.report, leaf))) continue;
        this.drafts.set(keyOf(kept.report, leaf), typed(undefined, kept.value, kept.version));
        this.later(kept.report, 0);
      }
    });
  }

  of(report: string, leaf: Leaf): Draft | undefined {
    return this.drafts.get(keyOf(report, leaf));
  }

  /** When this field was last saved from here (ms, the server's time). */
  savedAt(report: string, leaf: Leaf): number | undefined {
    return this.times.get(keyOf(report, leaf));
  }

  /** The fields that the server does not have yet. */
  get unsaved(): Unsaved[] {
    return [...this.drafts].map(([key, { state }]) => {
      const [report = "", leaf = ""] = key.split(" ");
      return { report, leaf, state: state === "conflict" || state === "refused" ? state : "sent" };
    });
  }

  /** Whether the server does not have everything yet that was typed into this report here. */
  isUnsaved(report: string): boolean {
    return this.ofReport(report).length > 0;
  }

  /** Somebody typed. `version`: of the report that they see. `soon`: there is nothing to wait for (a choice, Enter). */
  type(report: string, leaf: Leaf, value: Value, version: number, soon = false): void {
    this.put(report, leaf, typed(this.of(report, leaf), value, version));
    this.later(report, soon ? 0 : AFTER_MS);
  }

  /** In a conflict: send one's own value all the same. */
  insist(report: string, leaf: Leaf): void {
    const draft = this.of(report, leaf);
    if (!draft) return;
    this.put(report, leaf, insisted(draft));
    this.later(report, 0);
  }

  /** In a conflict, or when it was refused: leave what the server has. */
  giveWay(report: string, leaf: Leaf): void {
    this.drop(report, leaf);
  }

  private later(report: string, ms: number): void {
    clearTimeout(this.timers.get(report));
    this.timers.set(report, setTimeout(() => void this.send(report), ms));
  }

  private async send(report: string): Promise<void> {
    if (this.busy.has(report)) return; // looked at again when the one on its way is answered
    const all = this.ofReport(report).filter(([, draft]) => isDue(draft));
    if (!all.length) return;
    const oldest = Math.min(...all.map(([, draft]) => draft.version));
    const due = all.filter(([, draft]) => draft.version === oldest); // each on what was seen when it was begun
    this.busy.add(report);
    for (const [leaf, draft] of due) this.drafts.set(keyOf(report, leaf), sending(draft));
    let again = 0;
    try {
      const body = changeOf(due.map(([leaf, draft]) => [leaf, draft.value] as const));
      const now = await ask("PATCH /api/v1/reports/{number}", { path: { number: report }, body, version: oldest });
      this.taken(now);
      for (const [leaf] of due) {
        this.times.set(keyOf(report, leaf), clock.now);
        this.settle(report, leaf, (draft) => saved(draft, now.version));
      }
    } catch (error) {
      if (error instanceof Unreachable) again = AGAIN_AFTER_MS;
      for (const [leaf] of due) this.settle(report, leaf, (draft) => after(error, draft, leaf, due.length > 1));
      if (error instanceof Refusal && error.status === 412) await this.readAgain(report);
    }
    this.busy.delete(report);
    if (this.ofReport(report).some(([, draft]) => isDue(draft))) this.later(report, again);
  }

  private async readAgain(report: string): Promise<void> {
    try {
      this.taken(await ask("GET /api/v1/reports/{number}", { path: { number: report } }));
    } catch {
      // the live events bring it
    }
  }

  private ofReport(report: string): [Leaf, Draft][] {
    return [...this.drafts]
      .filter(([key]) => REPORT_OF.exec(key)?.[0] === report)
      .map(([key, draft]) => [key.slice(report.length + 1) as Leaf, draft]);
  }

  private settle(report: string, leaf: Leaf, next: (draft: Draft) => Draft | undefined): void {
    const draft = this.of(report, leaf);
    const then = draft && next(draft);
    if (then) this.put(report, leaf, then);
    else this.drop(report, leaf);
  }

  private put(report: string, leaf: Leaf, draft: Draft): void {
    this.drafts.set(keyOf(report, leaf), draft);
    journal.keep({ report, leaf, value: draft.value, version: draft.version, at: Date.now() });
  }

  private drop(report: string, leaf: Leaf): void {
    this.drafts.delete(keyOf(report, leaf));
    journal.forget(report, leaf);
  }
}

/** What an error makes of a field. Of several that were refused together only the one that the server names is wrong. */
function after(error: unknown, draft: Draft, leaf: Leaf, together: boolean): Draft | undefined {
  if (error instanceof Refusal && error.status === 412 && error.currentVersion !== null)
    return collided(draft, error.conflicts?.[leaf], error.currentVersion);
  if (error instanceof Refusal && error.status !== 401) {
    const named = error.problem.field;
    const another = together && typeof named === "string" && !leaf.startsWith(named) && !named.startsWith(leaf);
    return another ? { ...unanswered(draft), state: "typed" } : refused(draft, sentenceOf(error));
  }
  return unanswered(draft);
}

export const autosave = new Autosave();
