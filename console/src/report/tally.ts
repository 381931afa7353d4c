// A tally's time in days: "in the last 30 days".
import type { Tally } from "../api/schema.ts";
import { clock } from "../clock.svelte.ts";

const DAY_MS = 86_400_000;

export const daysOf = (tally: Tally): number => Math.max(1, Math.round((clock.now - Date.parse(tally.since)) / DAY_MS));
