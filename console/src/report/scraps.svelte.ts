// What is typed beside a report's fields and goes out with a press: a closing note, a reason, what an agency said on the
// telephone, a hand-over note. Each key is in the journal at once; it is kept until it was sent, whatever comes in front.
import { SvelteMap } from "svelte/reactivity";
import { journal, recovered } from "./recovery.ts";
import type { Unsaved } from "./unsaved.ts";

const SCRAP = "scrap:";
/** Stands for a report where there is none: what is written of the shift. */
export const SHIFT = "shift";

class Scraps {
  private readonly typed = new SvelteMap<string, string>();

  start(): void {
    void recovered.then((left) => {
      for (const { report, leaf, value } of left)
        if (leaf.startsWith(SCRAP) && !this.typed.has(`${report} ${leaf}`)) this.typed.set(`${report} ${leaf}`, String(value ?? ""));
    });
  }

  of(report: string, name: string): string {
    return this.typed.get(`${report} ${SCRAP}${name}`) ?? "";
  }

  write(report: string, name: string, value: string): void {
    const leaf = SCRAP + name;
    if (value === "") {
      this.typed.delete(`${report} ${leaf}`);
      journal.forget(report, leaf);
      return;
    }
    this.typed.set(`${report} ${leaf}`, value);
    journal.keep({ report, leaf, value, version: 0, at: Date.now() });
  }

  /** They were sent, or are not wanted any more. */
  drop(report: string, ...names: string[]): void {
    for (const name of names) this.write(report, name, "");
  }

  /** What is begun, by report. What is of the shift (a hand-over note, a command) is of none, and stays in its form. */
  get unsaved(): Unsaved[] {
    const begun = new Set([...this.typed.keys()].map((key) => key.slice(0, key.indexOf(" "))).filter((report) => report !== SHIFT));
    return [...begun].map((report) => ({ report, leaf: "scrap", state: "half" }));
  }

  any(report: string): boolean {
    return [...this.typed.keys()].some((key) => key.startsWith(`${report} `));
  }
}

export const scraps = new Scraps();
