// Answers to a guide's questions: one press sends one. Until the server has it the answer is in the journal and shown as
// "not saved yet"; when nobody answers it is sent again by itself.
import { SvelteMap } from "svelte/reactivity";
import { ask, Unreachable } from "../api/client.ts";
import { sentenceOf } from "../api/sentences.ts";
import { reports } from "./reports.svelte.ts";
import { journal, recovered } from "./recovery.ts";
import type { Unsaved } from "./unsaved.ts";

const AGAIN_AFTER_MS = 2_000;
const LEAF = "guide:";

export interface Given {
  report: string;
  question: string;
  answer: string;
  /** It was sent before, and no answer came: it may be there. */
  uncertain: boolean;
  /** Why the server refused it; null while it is on its way. */
  why: string | null;
}

class Answers {
  private readonly unsent = new SvelteMap<string, Given>();
  private sending = false;

  start(): void {
    void recovered.then((left) => {
      for (const { report, leaf, value } of left)
        if (leaf.startsWith(LEAF)) this.put({ report, question: leaf.slice(LEAF.length), answer: String(value), uncertain: true, why: null });
      void this.send();
    });
  }

  of(report: string, question: string): Given | undefined {
    return this.unsent.get(`${report} ${question}`);
  }

  /** Answers that the server does not have yet. */
  get unsaved(): Unsaved[] {
    return [...this.unsent.values()].map(({ report, why }) => ({ report, leaf: "guide", state: why === null ? "sent" : "refused" }));
  }

  give(report: string, question: string, answer: string): void {
    journal.keep({ report, leaf: LEAF + question, value: answer, version: 0, at: Date.now() });
    this.put({ report, question, answer, uncertain: false, why: null });
    void this.send();
  }

  /** Leave what the server has. */
  forget({ report, question }: Given): void {
    this.unsent.delete(`${report} ${question}`);
    journal.forget(report, LEAF + question);
  }

  private put(given: Given): void {
    this.unsent.set(`${given.report} ${given.question}`, given);
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let next: Given | undefined;
    while ((next = [...this.unsent.values()].find(({ why }) => why === null))) {
      const given = next;
      const { report, question, answer } = given;
      const path = { number: report };
      const isNewest = (): boolean => this.of(report, question) === given; // nobody chose another one meanwhile
      try {
        const there = given.uncertain ? (await ask("GET /api/v1/reports/{number}", { path })).guide : [];
        if (!there.some((one) => one.question === question && one.answer === answer))
          reports.put(await ask("POST /api/v1/reports/{number}/guide", { path, body: { question, answer } }));
        if (isNewest()) this.forget(given);
      } catch (error) {
        const lost = error instanceof Unreachable;
        if (isNewest()) this.put({ ...given, uncertain: true, why: lost ? null : sentenceOf(error) });
        if (lost) await new Promise((again) => setTimeout(again, AGAIN_AFTER_MS));
      }
    }
    this.sending = false;
  }
}

export const answers = new Answers();
