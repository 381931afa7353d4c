// Places by their names, from the centre's gazetteer: `look(text)` while somebody types, `key(event, …)` for the list that
// it fills. What is typed stays as it is typed; a place that is chosen stands beside it, by its code.
import { SvelteMap } from "svelte/reactivity";
import { ask } from "../api/client.ts";
import type { Place } from "../api/schema.ts";

const AFTER_MS = 180;
const SHORTEST = 2;
const LONGEST = 100;
const SHOWN = 7;
const seen = new SvelteMap<string, Place>();

/** What is known of a place that a report names; asked for once where it is not known yet. */
export function placeOf(code: string | null, name: string | null): Place | undefined {
  return code === null || name === null ? undefined : seen.get(code);
}

/** Look a chosen place up, so that `placeOf` knows it. */
export async function learn(code: string, name: string): Promise<void> {
  if (seen.has(code)) return;
  try {
    const { places } = await ask("GET /api/v1/places", { query: { q: name.slice(0, LONGEST), limit: 20 } });
    for (const place of places) seen.set(place.code, place);
  } catch {
    // its name stands in the report
  }
}

export class PlaceSearch {
  found = $state.raw<Place[]>([]);
  /** Which of them the arrows are at; -1: none, Enter takes nothing. */
  at = $state(-1);
  /** Nothing was found for what is typed: there is none, no list is loaded, or nobody answered. */
  empty = $state<"none" | "notLoaded" | "away" | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = "";

  look(text: string): void {
    const wanted = text.trim().slice(0, LONGEST);
    clearTimeout(this.timer);
    if (wanted === this.asked) return;
    this.asked = wanted;
    this.at = -1;
    if (wanted.length < SHORTEST) this.show([], null);
    else this.timer = setTimeout(() => void this.read(wanted), AFTER_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.asked = "";
    this.show([], null);
  }

  /** Arrows move, Enter takes, Escape closes. */
  key(event: KeyboardEvent, take: (place: Place) => void): void {
    const place = this.found[this.at];
    if (event.key === "Enter" && place && !event.ctrlKey) take(place);
    else if (event.key === "Escape" && (this.found.length || this.empty)) this.close();
    else if (event.key === "ArrowDown" && this.found.length) this.at = Math.min(this.at + 1, this.found.length - 1);
    else if (event.key === "ArrowUp" && this.found.length) this.at = Math.max(this.at - 1, -1);
    else return;
    event.preventDefault();
  }

  private async read(wanted: string): Promise<void> {
    try {
      const { known, places } = await ask("GET /api/v1/places", { query: { q: wanted, limit: SHOWN } });
      for (const place of places) seen.set(place.code, place);
      if (wanted === this.asked) this.show(places, places.length ? null : known ? "none" : "notLoaded");
    } catch {
      if (wanted === this.asked) this.show([], "away");
    }
  }

  private show(found: Place[], empty: PlaceSearch["empty"]): void {
    this.found = found;
    this.empty = empty;
    this.at = -1;
  }
}
