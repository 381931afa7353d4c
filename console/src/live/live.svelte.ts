// What this tab hears: `live.on("report", …)`. `live.start(…)` is given what reads everything, and calls it after a gap.
// Nothing is missed: the tab listens first, then reads the snapshot, then takes up what came meanwhile.
import { clock } from "../clock.svelte.ts";
import { Feed } from "./feed.ts";
import { Fresh } from "./fresh.ts";
import type { Change, FeedMessage, KINDS, TabMessage } from "./messages.ts";

type Kind = (typeof KINDS)[number];

/** The server says something every 5 s. A page that has heard nothing for 12 s has said that it is old: `clock` looks once a second. */
export const STALE_AFTER_MS = 11_000;
const AGAIN_AFTER_MS = 2_000;

class Live {
  /** When the server last spoke, by the clock that nobody can set (ms); before it ever did, when the page was opened. */
  heardAt = $state(0);
  private readonly listeners = new Map<string, Set<(change: Change) => void>>();
  private readonly beside = new Set<Fresh>();
  private snapshot: () => Promise<number> = () => Promise.resolve(0);
  private reading = false;
  private readAgain = false;
  private early: Change[] = [];
  private have = -1; // the newest event that is in what the page shows
  private from = -1; // from here on the feed misses nothing

  /** Whether nothing has been heard for too long. */
  get stale(): boolean {
    return this.heardAt > 0 && clock.monotonic - this.heardAt > STALE_AFTER_MS;
  }

  /** Begin. `snapshot` reads everything the page shows and returns the `seq` it is of; it is called again after a gap. */
  start(snapshot: () => Promise<number>): void {
    this.snapshot = snapshot;
    this.heardAt = performance.now();
    if (typeof SharedWorker === "undefined") {
      new Feed((url) => new EventSource(url), (message) => this.take(message)).start();
    } else {
      const { port } = new SharedWorker(new URL("./worker.ts", import.meta.url), { type: "module", name: "intake112-live" });
      port.onmessage = ({ data }: MessageEvent<FeedMessage>) => this.take(data);
      port.postMessage({ type: "hello" } satisfies TabMessage);
      addEventListener("pagehide", () => port.postMessage({ type: "bye" } satisfies TabMessage));
      addEventListener("pageshow", (event) => {
        if (!event.persisted) return;
        port.postMessage({ type: "hello" } satisfies TabMessage);
        void this.read();
      });
    }
    void this.read(); // what there is, even before the stream has opened: a screen is never empty for its sake
  }

  /** Call `then` for each event of a kind; returns what ends that. */
  on(kind: Kind, then: (change: Change) => void): () => void {
    const listening = this.listeners.get(kind) ?? new Set();
    this.listeners.set(kind, listening.add(then));
    return () => listening.delete(then);
  }

  /**
   * Read what is not in the snapshot: now, after each snapshot, with each event of these kinds, and again until it worked.
   * `said` hears whether it is known. `run` of what is returned reads it once more, `end` ends all that.
   */
  fresh(read: () => Promise<unknown>, said: (known: boolean) => void, ...kinds: Kind[]): Fresh {
    const fresh = new Fresh(read, (then) => setTimeout(then, AGAIN_AFTER_MS), said);
    this.beside.add(fresh);
    const ends = kinds.map((kind) => this.on(kind, () => void fresh.run()));
    fresh.onEnd(() => {
      this.beside.delete(fresh);
      ends.forEach((end) => end());
    });
    void fresh.run();
    return fresh;
  }

  private take(message: FeedMessage): void {
    if (message.type === "cut") return; // it opens again by itself; silence is what makes a page stale
    this.heardAt = performance.now();
    switch (message.type) {
      case "heartbeat":
        clock.set(message.at);
        break;
      case "listening":
        this.from = message.seq;
        if (!this.reading && this.have < this.from) void this.read();
        break;
      case "reset":
        this.from = message.seq;
        void this.read();
        break;
      case "change":
        if (this.reading) this.early.push(message.change);
        else this.pass(message.change);
    }
  }

  private pass(change: Change): void {
    if (change.seq <= this.have) return;
    this.have = change.seq;
    for (const then of this.listeners.get(change.kind) ?? []) then(change);
  }

  private async read(): Promise<void> {
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = true;
    try {
      do {
        this.readAgain = false;
        this.have = await this.snapshot();
        this.heardAt = performance.now();
        for (const fresh of this.beside) void fresh.run();
      } while (this.readAgain || this.have < this.from);
    } catch {
      setTimeout(() => void this.read(), AGAIN_AFTER_MS); // the alarms say what is wrong
    } finally {
      this.reading = false;
    }
    const early = this.early;
    this.early = [];
    for (const change of early) this.pass(change);
  }
}

export const live = new Live();
