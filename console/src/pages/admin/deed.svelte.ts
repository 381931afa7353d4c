// Something that is done by pressing a button: busy while it is done, then what came of it, or why it could not be.
import { whyNot } from "./sheet.svelte.ts";

export class Deed {
  busy = $state(false);
  said = $state("");
  failed = $state(false);

  /** Do it; `work` returns the sentence that tells what came of it. */
  async over(work: () => Promise<string>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.said = "";
    try {
      this.said = await work();
      this.failed = false;
    } catch (error) {
      this.said = whyNot(error);
      this.failed = true;
    } finally {
      this.busy = false;
    }
  }

  /** It was done, and did not succeed. */
  tell(sentence: string): void {
    this.said = sentence;
    this.failed = true;
  }
}
