// What was asked of the PBX, and what became of it: asking is not having it. `controls.run(key, …)`, `controls.get(key)`;
// the key is a report's number, or the id of a worklist's item. A request ends within seconds, a call back when somebody
// answers; `live` tells it, and who hears nothing asks.
import { SvelteMap } from "svelte/reactivity";
import { ask, Unreachable } from "../../api/client.ts";
import { sentenceOf } from "../../api/sentences.ts";
import type { Control } from "../../api/schema.ts";
import { timeOf } from "../../clock.svelte.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import { live } from "../../live/live.svelte.ts";
import { fill, wordOf, words } from "../../words/words.ts";

const LOOK_EVERY_MS = 3_000;

export interface Asked {
  /** As the server last told it; null when it did not take the request. */
  control: Control | null;
  /** Why it did not; null when nobody knows whether it did. */
  why: string | null;
  /** The last look at it failed: it may be further by now. */
  old: boolean;
}

const isOver = (control: Control): boolean => control.state === "done" || control.state === "failed";

/** Whether it is being asked for, or what comes of it is not known yet. */
export const isGoing = (asked: Asked | null | undefined): boolean => asked === null || (!!asked?.control && !isOver(asked.control));

/** What became of it, in a sentence; `then`: of what was done, by what is known of the call since. */
export function toldOf(asked: Asked | null, then: string | null = null): string {
  if (!asked) return words.handling.states.asked;
  const { control, why } = asked;
  if (!control) return why === null ? words.handling.notKnown : fill(words.handling.refusedAt, { why });
  const { state, action, result } = control;
  const became = state === "failed" ? wordOf(words.handling.results, result) : ((state === "done" ? then : null) ?? wordOf(words.handling.states, state));
  const detail = state === "failed" && control.detail ? ` (${control.detail})` : "";
  return `${wordOf(words.handling.actions, action)} ${timeOf(control.ended_at ?? control.begun_at ?? control.asked_at)}: ${became}${detail}`;
}

class Controls {
  private readonly asked = new SvelteMap<string, Asked | null>();
  private listening = false;

  /** The last request for this key: undefined: none; null: it is being asked for. */
  get(key: string): Asked | null | undefined {
    return this.asked.get(key);
  }

  /** Ask for something. True when the server took the request: what comes of it is told by `get`. */
  async run(key: string, work: () => Promise<Control>): Promise<boolean> {
    if (this.asked.get(key) === null) return false; // one at a time
    this.listen();
    this.asked.set(key, null);
    try {
      const control = await work();
      this.asked.set(key, { control, why: null, old: false });
      this.follow(key, control.id);
      return true;
    } catch (error) {
      this.tell(key, { control: null, why: error instanceof Unreachable ? null : sentenceOf(error), old: false });
      return false;
    }
  }

  forget(key: string): void {
    this.asked.delete(key);
  }

  /** Keep it; what went wrong is said above the page too, for whoever has another report in front. */
  private tell(key: string, asked: Asked): void {
    this.asked.set(key, asked);
    if (!asked.control || asked.control.state === "failed") trouble.say(toldOf(asked), `control ${key}`);
    else if (asked.control.state === "done") trouble.done(`control ${key}`);
  }

  private listen(): void {
    if (this.listening) return;
    this.listening = true;
    live.on("control", ({ subject }) => {
      for (const [key, asked] of this.asked) if (asked?.control?.id === subject) void this.look(key, subject);
    });
  }

  private follow(key: string, id: string): void {
    setTimeout(() => {
      const now = this.asked.get(key)?.control;
      if (now?.id === id && !isOver(now)) void this.look(key, id).then(() => this.follow(key, id));
    }, LOOK_EVERY_MS);
  }

  private async look(key: string, id: string): Promise<void> {
    try {
      const control = await ask("GET /api/v1/controls/{control_id}", { path: { control_id: id } });
      const known = this.asked.get(key)?.control;
      if (known?.id === id && !isOver(known)) this.tell(key, { control, why: null, old: false });
    } catch {
      const known = this.asked.get(key);
      if (known?.control?.id === id && !isOver(known.control)) this.asked.set(key, { ...known, old: true });
    }
  }
}

export const controls = new Controls();
