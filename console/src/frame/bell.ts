// It rings on the other pages, too, of an operator on shift. The operator's page has a ring of its own (`desk.look`).
import { ask } from "../api/client.ts";
import { live } from "../live/live.svelte.ts";
import { Bell } from "../report/bell.ts";
import { who } from "../who.ts";

/**
 * Listen for ever; called once, by the frame of any page but the operator's. Whoever has no shift hears nothing. Returns what
 * looks whether somebody rings: the timers of a page that nobody sees may stand still for a minute.
 */
export function ringElsewhere(): () => void {
  const bell = new Bell();
  let state: string | null = null; // of this user's shift
  const read = async (): Promise<void> => {
    const { desks } = await ask("GET /api/v1/desks");
    const mine = desks.find((one) => one.user === who.user && one.shift);
    state = mine?.state ?? null;
  };
  live.fresh(read, () => undefined, "shift"); // where it cannot be read: as it was before, until it can
  const look = (): void => {
    if (state !== null) bell.look(state === "ready");
  };
  setInterval(look, 1_000);
  return look;
}
