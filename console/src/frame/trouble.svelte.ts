// What could not be done, above the page until the same deed succeeds or somebody puts it away (`failures.ts`). What a deed
// is, the door to the server says: its method and address. `trouble.over(() => ask(…))`.
import { onDone, Refusal, Unreachable } from "../api/client.ts";
import { sentenceOf } from "../api/sentences.ts";
import { clock } from "../clock.svelte.ts";
import { words } from "../words/words.ts";
import { failed, type Failure, without } from "./failures.ts";

class Trouble {
  all = $state.raw<readonly Failure[]>([]);

  constructor() {
    onDone((deed) => this.done(deed));
  }

  /** Tell a failure. `deed`: what was tried; without one it stays until somebody puts it away. */
  say(text: string, deed = text): void {
    this.all = failed(this.all, { deed, text, at: clock.now });
  }

  /** It is done now, or somebody puts its failure away. */
  done(deed: string): void {
    if (this.all.some((one) => one.deed === deed)) this.all = without(this.all, deed);
  }

  /** Do something that may fail: true when it was done. The failure is told in a sentence. */
  async over(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const deed = error instanceof Refusal || error instanceof Unreachable ? error.deed : undefined;
      this.say(error instanceof Unreachable ? words.frame.noAnswer : sentenceOf(error), deed);
      return false;
    }
  }
}

export const trouble = new Trouble();
