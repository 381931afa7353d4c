// What could not be done just now, above the page until the next thing succeeds or somebody closes it.
import { sentenceOf } from "../api/sentences.ts";

class Trouble {
  said = $state("");

  say(sentence: string): void {
    this.said = sentence;
  }

  clear(): void {
    this.said = "";
  }

  /** Do something that may fail: true when it was done. The failure is told in a sentence. */
  async over(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      this.clear();
      return true;
    } catch (error) {
      this.say(sentenceOf(error));
      return false;
    }
  }
}

export const trouble = new Trouble();
