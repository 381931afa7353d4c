// The server's time, which all timers count on: `clock.now` moves once a second, `clock.seconds(since)` counts from it.
// Words for times are the centre's (its time zone), whatever the machine is set to.
import { shortOf as short, type Style, Times } from "./times.ts";
import { language, LOCALES } from "./words/words.ts";
import { who } from "./who.ts";

export { spell } from "./times.ts";

const times = new Times(LOCALES[language], who.timezone);

class Clock {
  /** The server's time (ms since 1970), as of the last second. */
  now = $state(Date.now());
  /** The page's own clock that nobody can set (ms), as of the last second. */
  monotonic = $state(performance.now());
  /** The day that it is in the centre: "2026-11-26". */
  readonly today = $derived(times.dayOf(this.now));
  private ahead = 0;

  constructor() {
    setInterval(() => this.tick(), 1_000);
  }

  /** The server has said what time it is. */
  set(serverTime: string): void {
    this.ahead = Date.parse(serverTime) - Date.now();
    this.tick();
  }

  /** Whole seconds from a time of the server until now; 0 when it is still to come, null when nobody knows since when. */
  seconds(since: string): number;
  seconds(since: string | null): number | null;
  seconds(since: string | null): number | null {
    return since === null ? null : Math.max(0, Math.floor((this.now - Date.parse(since)) / 1_000));
  }

  private tick(): void {
    this.now = Date.now() + this.ahead;
    this.monotonic = performance.now();
  }
}

export const clock = new Clock();

const said = (style: Style) => (at: string | number | null | undefined): string =>
  at === null || at === undefined ? "–" : times.say(new Date(at).getTime(), style, clock.today);
/** 14:03:26; of another day 25 Nov, 14:03:26. */
export const timeOf = said("time");
/** 14:03; of another day 25 Nov, 14:03. */
export const minuteOf = said("minute");
/** 26 Nov, 14:03; of another year 26 Nov 2025, 14:03. */
export const dayOf = said("day");
/** A report's number as people say it: 0007; of another day 25/11-0007. */
export const shortOf = (number: string): string => short(number, clock.today);
