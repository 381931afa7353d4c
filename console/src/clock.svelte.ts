// The server's time, which all timers count on: `clock.now` moves once a second, `clock.seconds(since)` counts from it.
// Words for times are the centre's (its time zone), whatever the machine is set to.
import { language, LOCALES } from "./words/words.ts";
import { who } from "./who.ts";

class Clock {
  /** The server's time (ms since 1970), as of the last second. */
  now = $state(Date.now());
  /** The page's own clock that nobody can set (ms), as of the last second. */
  monotonic = $state(performance.now());
  private ahead = 0;

  constructor() {
    setInterval(() => this.tick(), 1_000);
  }

  /** The server has said what time it is. */
  set(serverTime: string): void {
    this.ahead = Date.parse(serverTime) - Date.now();
    this.tick();
  }

  /** Whole seconds from a time of the server until now; 0 when it is still to come. */
  seconds(since: string | null): number {
    return since === null ? 0 : Math.max(0, Math.floor((this.now - Date.parse(since)) / 1_000));
  }

  private tick(): void {
    this.now = Date.now() + this.ahead;
    this.monotonic = performance.now();
  }
}

export const clock = new Clock();

const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(LOCALES[language], { timeZone: who.timezone, hourCycle: "h23", ...options });
const time = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });

const words = (of: Intl.DateTimeFormat) => (at: string | number | null | undefined): string =>
  at === null || at === undefined ? "–" : of.format(new Date(at));
/** 14:03:26 */
export const timeOf = words(time);
/** 14:03 */
export const minuteOf = words(minute);
/** 26 Nov, 14:03 */
export const dayOf = words(day);

/** 7 becomes "7 dtk", 83 "1:23", 3723 "1:02:03". */
export function spell(seconds: number, unit: string): string {
  if (seconds < 60) return `${seconds} ${unit}`;
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
