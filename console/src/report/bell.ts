// The ring of a page: of the operator's own, and of every other one that who is on shift may be looking at.
import { clock } from "../clock.svelte.ts";
import { sound } from "../frame/sound.svelte.ts";
import { isWaiting, reports } from "./reports.svelte.ts";
import { isLoud, ringsNow } from "./ring.ts";

export class Bell {
  private rung = new Set<string>();
  private rangAt = 0;

  /** Ring if it is time; returns whether somebody new is ringing. `ready`: somebody sits at this desk and could answer. */
  look(ready: boolean): boolean {
    const ringing = reports.calls.filter(isWaiting);
    const numbers = ringing.map(({ number }) => number);
    const fresh = numbers.some((number) => !this.rung.has(number));
    this.rung = new Set(numbers);
    if (ringsNow({ fresh, waiting: ringing.length, ready, sinceMs: performance.now() - this.rangAt })) {
      this.rangAt = performance.now();
      sound.play("ring", numbers, isLoud(ringing.map(({ call }) => clock.seconds(call.arrived_at))));
    }
    return fresh;
  }
}
