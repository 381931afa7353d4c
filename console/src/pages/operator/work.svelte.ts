// Callers whom nobody answered, and what this desk does about them: take, call back, write a step, close.
import { ask } from "../../api/client.ts";
import type { CloseIn, Item, StepIn } from "../../api/schema.ts";
import { trouble } from "../../frame/trouble.svelte.ts";
import { type Asked, controls } from "./controls.svelte.ts";
import { desk } from "./desk.svelte.ts";

class Work {
  /** What was last asked of the PBX for an item, from here: as `controls.get`. */
  asked(item: Item): Asked | null | undefined {
    return controls.get(item.id);
  }

  /** Make it one's own, even from somebody else when that is said. */
  take({ id, owner }: Item): Promise<boolean> {
    return this.over(() => ask("POST /api/v1/worklist/{item_id}/take", { path: { item_id: id }, body: { over: owner !== null } }));
  }

  /** My telephone rings first, then the caller's. */
  callBack({ id }: Item): Promise<boolean> {
    return this.over(() => controls.run(id, () => ask("POST /api/v1/worklist/{item_id}/call-back", { path: { item_id: id } })));
  }

  did({ id }: Item, step: StepIn["step"], note: string): Promise<boolean> {
    return this.over(() => ask("POST /api/v1/worklist/{item_id}/steps", { path: { item_id: id }, body: { step, note: note || null } }));
  }

  close({ id }: Item, because: NonNullable<CloseIn["because"]>, note: string): Promise<boolean> {
    return this.over(() => ask("POST /api/v1/worklist/{item_id}/close", { path: { item_id: id }, body: { because, note: note || null } }));
  }

  /** Whether it was done. */
  private async over(work: () => Promise<unknown>): Promise<boolean> {
    const done = await trouble.over(work);
    await desk.readWorklist();
    return done;
  }
}

export const work = new Work();
