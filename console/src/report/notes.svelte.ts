// Notes (entries) are written in pen: Enter sends one, and it stays on the screen as "not sent yet" until the server has
// it. What is being written, and what was sent and not confirmed, is in the journal.
import { SvelteMap } from "svelte/reactivity";
import { ask, Unreachable } from "../api/client.ts";
import { sentenceOf } from "../api/sentences.ts";
import type { Report } from "../api/schema.ts";
import { who } from "../who.ts";
import { reports } from "./reports.svelte.ts";
import { journal, recovered } from "./recovery.ts";
import type { Unsaved } from "./unsaved.ts";

const AGAIN_AFTER_MS = 2_000;
const WRITING = "entry";
const SENT = "sent:";

export interface Unsent {
  id: string;
  report: string;
  text: string;
  at: number;
  /** It was sent before, and no answer came: it may be there. */
  uncertain: boolean;
  /** Why the server refused it; null while it is on its way. */
  why: string | null;
}

class Notes {
  private readonly written = new SvelteMap<string, string>();
  private readonly unsent = new SvelteMap<string, Unsent>();
  private sending = false;

  start(): void {
    void recovered.then((left) => {
      for (const { report, leaf, value, at } of left) {
        const text = String(value ?? "");
        if (leaf === WRITING) this.written.set(report, this.written.get(report) ?? text);
        if (!leaf.startsWith(SENT)) continue;
        const id = leaf.slice(SENT.length);
        this.unsent.set(id, { id, report, text, at, uncertain: true, why: null });
      }
      void this.send();
    });
  }

  /** What is being written on a report. */
  draft(report: string): string {
    return this.written.get(report) ?? "";
  }

  write(report: string, text: string): void {
    this.written.set(report, text);
    if (text) journal.keep({ report, leaf: WRITING, value: text, version: 0, at: Date.now() });
    else journal.forget(report, WRITING);
  }

  /** Send what is written, or `text`. */
  enter(report: string, text = this.draft(report)): void {
    if (!text.trim()) return;
    const note: Unsent = { id: crypto.randomUUID(), report, text, at: Date.now(), uncertain: false, why: null };
    journal.keep({ report, leaf: SENT + note.id, value: text, version: 0, at: note.at });
    this.unsent.set(note.id, note);
    if (text === this.draft(report)) this.write(report, "");
    void this.send();
  }

  of(report: string): Unsent[] {
    return [...this.unsent.values()].filter((note) => note.report === report);
  }

  /** Notes that are half written, and those that the server does not have yet. */
  get unsaved(): Unsaved[] {
    const half = [...this.written].filter(([, text]) => text.trim()).map(([report]) => ({ report, leaf: WRITING, state: "half" as const }));
    return [...half, ...[...this.unsent.values()].map(({ report, why }) => ({ report, leaf: WRITING, state: why === null ? ("sent" as const) : ("refused" as const) }))];
  }

  /** A note that was refused goes back to where it can be changed. */
  takeBack(note: Unsent): void {
    this.done(note);
    this.write(note.report, [note.text, this.draft(note.report)].filter(Boolean).join(" "));
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let next: Unsent | undefined;
    while ((next = [...this.unsent.values()].find((note) => note.why === null))) {
      const note = next;
      try {
        const path = { number: note.report };
        if (!(note.uncertain && isThere(await ask("GET /api/v1/reports/{number}", { path }), note)))
          await ask("POST /api/v1/reports/{number}/entries", { path, body: { text: note.text } });
        await reports.read(note.report); // it is in the list before it is taken away here
        this.done(note);
      } catch (error) {
        const lost = error instanceof Unreachable;
        this.unsent.set(note.id, { ...note, uncertain: true, why: lost ? null : sentenceOf(error) });
        if (lost) await new Promise((again) => setTimeout(again, AGAIN_AFTER_MS));
      }
    }
    this.sending = false;
  }

  private done(note: Unsent): void {
    this.unsent.delete(note.id);
    journal.forget(note.report, SENT + note.id);
  }
}

/** Whether a note came through although nobody told us so: same words, same author, not before it was written. */
function isThere(report: Report, note: Unsent): boolean {
  const slack = 60_000; // the two machines' clocks
  return report.entries.some(
    (entry) => !entry.automatic && entry.author === who.user && entry.text === note.text && Date.parse(entry.at) > note.at - slack,
  );
}

export const notes = new Notes();
