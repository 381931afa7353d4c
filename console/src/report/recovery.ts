// The journal of this tab, and what tabs left that are no more. A tab is alive while it holds a lock of its name.
import { who } from "../who.ts";
import { Journal, type Kept } from "./journal.ts";

const LOCK = "intake112.tab.";
const tab = crypto.randomUUID();

export const journal = new Journal(localStorage, who.user, tab);

/** What was typed and not confirmed when a tab ended, the oldest first. */
export const recovered: Promise<Kept[]> = (async () => {
  void navigator.locks.request(LOCK + tab, () => new Promise(() => undefined)); // held until the tab ends
  const { held = [] } = await navigator.locks.query();
  const alive = held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name.slice(LOCK.length)] : []));
  return journal.takeBack(new Set([...alive, tab]));
})();
