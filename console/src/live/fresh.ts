// A reading of something that is not in the snapshot: whoever asks for it while it runs gets another, and one that failed
// is done again until it worked; until then what it reads is not known. Pure: `again` is the clock.
import { oneAtATime } from "../once.ts";

export class Fresh {
  /** Read it now. */
  readonly run: () => Promise<void>;
  private ended = false;
  private then: () => void = () => undefined;
  private waits = false;

  /** `said` hears whether it is known now. */
  constructor(read: () => Promise<unknown>, again: (then: () => void) => void, said: (known: boolean) => void) {
    this.run = oneAtATime(async () => {
      if (this.ended) return;
      try {
        await read();
        said(true);
      } catch {
        said(false);
        if (this.waits) return;
        this.waits = true;
        again(() => {
          this.waits = false;
          void this.run();
        });
      }
    });
  }

  onEnd(then: () => void): void {
    this.then = then;
  }

  end(): void {
    this.ended = true;
    this.then();
  }
}
