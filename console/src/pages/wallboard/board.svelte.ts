// The wallboard's numbers, asked for every three seconds. A board that gets none says so over everything.
import { ask, Refusal, speakAs, Unreachable } from "../../api/client.ts";
import type { Wallboard } from "../../api/schema.ts";
import { clock } from "../../clock.svelte.ts";
import { toldBy } from "../../frame/ready.ts";
import { who } from "../../who.ts";
import { reloadsFor } from "./newer.ts";

const TRIED = "intake112.reloaded"; // in sessionStorage: the server's version for which this screen was reloaded
const VERSION_EVERY_MS = 30_000;
const ASK_EVERY_MS = 3_000;
const STALE_AFTER_MS = 12_000;

class Board {
  numbers = $state.raw<Wallboard | null>(null);
  /** Why there are no new ones: the last time that it was asked. */
  trouble = $state<"server" | "database" | "revoked" | null>(null);
  private heardAt = $state(performance.now());
  private versionAt = performance.now();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** Ask until the returned function is called. A screen's token stands behind the address's `#`. */
  start(): () => void {
    if (who.role === "wall") speakAs(location.hash.slice(1));
    void this.read();
    return () => clearTimeout(this.timer);
  }

  get stale(): boolean {
    return this.trouble === "revoked" || clock.monotonic - this.heardAt > STALE_AFTER_MS;
  }

  /** When the numbers came (ms, the server's time); before the first, when the page was opened. */
  get since(): number {
    return clock.now - (clock.monotonic - this.heardAt);
  }

  private async read(): Promise<void> {
    try {
      this.numbers = await ask("GET /api/v1/wallboard");
      clock.set(this.numbers.now);
      this.heardAt = performance.now();
      this.trouble = null;
      if (who.role === "wall") await this.renew();
    } catch (error) {
      const refused = error instanceof Refusal && (error.status === 401 || error.status === 403);
      if (refused) this.numbers = null; // whoever may not see them any more is not shown old ones either
      this.trouble = refused ? "revoked" : error instanceof Unreachable && error.message === "HTTP 503" ? "database" : "server";
    }
    this.timer = setTimeout(() => void this.read(), ASK_EVERY_MS);
  }

  /** Be the server's version: nobody stands at a screen to press "reload". Only where the server has just answered. */
  private async renew(): Promise<void> {
    if (performance.now() - this.versionAt < VERSION_EVERY_MS) return;
    this.versionAt = performance.now();
    try {
      const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(ASK_EVERY_MS) });
      const { version } = toldBy(await answer.json());
      if (!reloadsFor(version, who.version, sessionStorage.getItem(TRIED))) return;
      sessionStorage.setItem(TRIED, version);
      location.reload();
    } catch {
      // it is asked again
    }
  }
}

export const board = new Board();
