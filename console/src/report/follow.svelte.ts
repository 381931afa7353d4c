// Something that hangs on a report and is read beside it (its duplicates, its caller's history): read when the report is
// shown, and anew a moment after a change of what it hangs on.
import { untrack } from "svelte";

const AFTER_MS = 700;

/** Read `what(number)` for as long as the component lives. `now`: what was last read; `failed`: it is not known now. */
export class Follow<T> {
  now = $state.raw<T | null>(null);
  failed = $state(false);
  private readonly what: (number: string) => Promise<T>;
  private asked = 0;

  /** `hangsOn`: the report's number, then whatever makes another reading needed. */
  constructor(hangsOn: () => [string, ...unknown[]], what: (number: string) => Promise<T>) {
    this.what = what;
    const key = $derived(JSON.stringify(hangsOn()));
    let first = true;
    $effect(() => {
      const [number] = JSON.parse(key) as [string];
      const timer = setTimeout(() => void this.read(number), first ? 0 : AFTER_MS);
      first = false;
      return () => clearTimeout(timer);
    });
  }

  async read(number: string): Promise<void> {
    const mine = ++this.asked;
    try {
      const now = await this.what(number);
      if (mine === this.asked) this.put(now);
    } catch {
      if (mine === this.asked) untrack(() => (this.failed = true));
    }
  }

  put(now: T): void {
    this.asked++;
    this.now = now;
    this.failed = false;
  }
}
