// The ring of a page: of the operator's own, and of every other one that who is on shift may be looking at. Of all tabs of
// a browser that would ring one does.
import { clock } from "../clock.svelte.ts";
import { sound } from "../frame/sound.svelte.ts";
import { play } from "../sounds.ts";
import { isWaiting, reports } from "./reports.svelte.ts";
import { isLoud, ringsNow } from "./ring.ts";
import { Turn } from "./turn.ts";

export class Bell {
  private rung = new Set<string>();
  private rangAt = 0;
  private readonly turn = new Turn();

  /** Ring if it is time; returns whether somebody new is ringing. `ready`: somebody sits at this desk and could answer. */
  look(ready: boolean): boolean {
    this.turn.want(sound.on);
    const ringing = reports.calls.filter(isWaiting);
    const fresh = ringing.some(({ number }) => !this.rung.has(number));
    this.rung = new Set(ringing.map(({ number }) => number));
    if (ringsNow({ fresh, waiting: ringing.length, ready, sinceMs: performance.now() - this.rangAt })) {
      this.rangAt = performance.now();
      if (this.turn.mine) play("ring", isLoud(ringing.map(({ call }) => clock.seconds(call.arrived_at))));
    }
    return fresh;
  }

  /** Nobody is called to this page: another tab may ring. */
  rest(): void {
    this.turn.want(false);
  }
}
