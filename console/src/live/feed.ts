// One stream of the server's events, opened again whenever it breaks, from where it broke. It knows nothing of the page:
// the shared worker runs one for all tabs, and a browser without shared workers (phones) one in the page.
import { type Change, type FeedMessage, KINDS } from "./messages.ts";

const AGAIN_AFTER_MS = 2_000;
const DEAD_AFTER_MS = 20_000; // the server speaks every 5 s: what is silent for so long is no connection any more
const CLOSED = 2;

/** As much of EventSource as is used here. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, heard: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export class Feed {
  /** The newest event that was heard; null before the server has spoken. */
  seq: number | null = null;
  private source: Source | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dead: ReturnType<typeof setTimeout> | undefined;
  private readonly open: (url: string) => Source;
  private readonly tell: (message: FeedMessage) => void;

  constructor(open: (url: string) => Source, tell: (message: FeedMessage) => void) {
    this.open = open;
    this.tell = tell;
  }

  start(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.alive();
    const source = this.open(`/api/v1/live${this.seq === null ? "" : `?after=${this.seq}`}`);
    this.source = source;
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.changed(JSON.parse(event.data)));
    source.addEventListener("heartbeat", (event) => {
      const { seq, at } = JSON.parse(event.data) as { seq: number; at: string };
      this.heard(seq);
      this.tell({ type: "heartbeat", seq, at });
    });
    source.addEventListener("reset", (event) => {
      this.alive();
      this.seq = (JSON.parse(event.data) as { seq: number }).seq;
      this.tell({ type: "reset", seq: this.seq });
    });
    source.addEventListener("error", () => {
      this.tell({ type: "cut" });
      // The browser opens it again by itself, with the last number, unless the server answered with an error.
      if (source.readyState === CLOSED) this.timer = setTimeout(() => this.start(), AGAIN_AFTER_MS);
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.dead);
    this.source?.close();
    this.source = null;
  }

  private alive(): void {
    clearTimeout(this.dead);
    this.dead = setTimeout(() => this.start(), DEAD_AFTER_MS);
  }

  private changed(change: Change): void {
    this.heard(change.seq);
    this.tell({ type: "change", change });
  }

  private heard(seq: number): void {
    this.alive();
    const first = this.seq === null;
    this.seq = seq;
    if (first) this.tell({ type: "listening", seq });
  }
}
