// Which tab of this browser sounds: one of those that can be heard, the one that somebody used last. The browser itself
// passes a lock on when a tab is closed, or dies, so that there is never none.
const LOCK = "intake112.sound";

export class Turn {
  /** Whether it is this tab's turn. */
  mine = false;
  private wanted = false;
  private asked: AbortController | null = null; // what waits for the lock, or holds it, until it is aborted
  private readonly told: (mine: boolean) => void;

  /** `told` hears whether it is this tab's turn, whenever that changes. */
  constructor(told: (mine: boolean) => void) {
    this.told = told;
    const take = (): void => {
      if (this.wanted && !this.mine) this.ask(true);
    };
    for (const kind of ["focus", "keydown", "pointerdown"]) addEventListener(kind, take, { capture: true });
  }

  /** Say whether this tab could be heard. */
  want(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.is(false);
    if (wanted) this.ask(document.hasFocus());
    else this.asked?.abort();
  }

  private is(mine: boolean): void {
    this.mine = mine;
    this.told(mine);
  }

  private ask(steal: boolean): void {
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    const held = (): Promise<void> | void => {
      if (signal.aborted) return;
      this.is(true);
      return new Promise((end) => signal.addEventListener("abort", () => end()));
    };
    const over = (): void => {
      if (this.asked?.signal !== signal) return;
      this.is(false);
      this.asked = null;
      if (this.wanted) this.ask(false); // another tab took it: next in the queue
    };
    navigator.locks.request(LOCK, steal ? { steal } : { signal }, held).then(over, over);
  }
}
