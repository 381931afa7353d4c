// Which tab of this browser rings: one of those that would, the one that somebody used last. The browser itself passes a
// lock on when a tab is closed, or dies, so that there is never none.
const LOCK = "intake112.ring";

export class Turn {
  /** Whether it is this tab's turn. */
  mine = false;
  private wanted = false;
  private asked: AbortController | null = null; // what waits for the lock, or holds it, until it is aborted

  constructor() {
    const take = (): void => {
      if (this.wanted && !this.mine) this.ask(true);
    };
    for (const kind of ["focus", "keydown", "pointerdown"]) addEventListener(kind, take, { capture: true });
  }

  /** Say whether this tab would ring, and could be heard. */
  want(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.mine = false;
    if (wanted) this.ask(document.hasFocus());
    else this.asked?.abort();
  }

  private ask(steal: boolean): void {
    this.asked?.abort();
    const { signal } = (this.asked = new AbortController());
    const held = (): Promise<void> | void => {
      if (signal.aborted) return;
      this.mine = true;
      return new Promise((end) => signal.addEventListener("abort", () => end()));
    };
    const over = (): void => {
      if (this.asked?.signal !== signal) return;
      this.mine = false;
      this.asked = null;
      if (this.wanted) this.ask(false); // another tab took it: next in the queue
    };
    navigator.locks.request(LOCK, steal ? { steal } : { signal }, held).then(over, over);
  }
}
