// What was typed and the server has not confirmed. Each keystroke is written here before anything else is done with it,
// so it outlives a reload, a crash of the browser and a server that is away. One record for each field of each report.
// A tab takes back only what a tab left that is no more: what another tab is typing at this moment is that tab's.
import type { Value } from "./leaves.ts";

export interface Kept {
  report: string;
  /** The field; `entry` for a note that is being written, `sent:<id>` for one that was sent and not confirmed. */
  leaf: string;
  value: Value;
  /** The version of the report that the person saw when they began. */
  version: number;
  /** When it was typed (ms since 1970, this machine's). */
  at: number;
  tab: string;
}

/** As much of localStorage as is used here. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export class Journal {
  private readonly shelf: Shelf;
  private readonly prefix: string;
  private readonly tab: string;
  /** Is told with each keystroke whether the browser keeps it, whatever it is of: a field, a note, an answer. */
  told: (kept: boolean) => void = () => undefined;

  constructor(shelf: Shelf, user: string, tab: string) {
    this.shelf = shelf;
    this.prefix = `intake112.journal.${user}.`;
    this.tab = tab;
  }

  /** Keep what was typed; false, and `told`, when the browser keeps nothing (it is full, or forbids it). */
  keep(what: Omit<Kept, "tab">): boolean {
    try {
      this.shelf.setItem(this.keyOf(what.report, what.leaf), JSON.stringify({ ...what, tab: this.tab }));
      this.told(true);
      return true;
    } catch {
      this.told(false);
      return false;
    }
  }

  forget(report: string, leaf: string): void {
    this.shelf.removeItem(this.keyOf(report, leaf));
  }

  /** Take over what tabs left that are not alive any more, the oldest first. */
  takeBack(alive: ReadonlySet<string>): Kept[] {
    const found: Kept[] = [];
    for (let index = 0; index < this.shelf.length; index++) {
      const key = this.shelf.key(index);
      if (!key?.startsWith(this.prefix)) continue;
      const kept = read(this.shelf.getItem(key));
      if (kept && (kept.tab === this.tab || !alive.has(kept.tab))) found.push(kept);
    }
    for (const kept of found) this.keep(kept);
    return found.sort((a, b) => a.at - b.at);
  }

  private keyOf(report: string, leaf: string): string {
    return `${this.prefix}${report}.${leaf}`;
  }
}

function read(text: string | null): Kept | null {
  try {
    return text === null ? null : (JSON.parse(text) as Kept);
  } catch {
    return null;
  }
}
