// How a time and a report's number are said. Pure: `today` is the day that it is in the centre, "2026-11-26". What is of
// another day says which, and of another year which.
export type Style = "time" | "minute" | "day";

const DATE = { day: "2-digit", month: "short" } as const;
const YEAR = { year: "numeric" } as const;
const MINUTE = { hour: "2-digit", minute: "2-digit" } as const;

export class Times {
  private readonly formats = new Map<string, Intl.DateTimeFormat>();
  private readonly locale: string;
  private readonly zone: string;

  constructor(locale: string, zone: string) {
    this.locale = locale;
    this.zone = zone;
  }

  /** The day that a time (ms since 1970) is in: "2026-11-26". */
  dayOf(at: number): string {
    return this.format("key", { year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA").format(at);
  }

  /** `time`: 14:03:26, `minute`: 14:03, both with their day unless it is today; `day`: 26 Nov, 14:03, always with it. */
  say(at: number, style: Style, today: string): string {
    const day = this.dayOf(at);
    const sameYear = day.slice(0, 4) === today.slice(0, 4);
    return this.format(`${style} ${day === today} ${sameYear}`, {
      ...(day === today && style !== "day" ? {} : DATE),
      ...(sameYear ? {} : YEAR),
      ...MINUTE,
      ...(style === "time" ? { second: "2-digit" } : {}),
    }).format(at);
  }

  private format(key: string, options: Intl.DateTimeFormatOptions, locale = this.locale): Intl.DateTimeFormat {
    const known = this.formats.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone: this.zone, hourCycle: "h23", ...options });
    this.formats.set(key, known);
    return known;
  }
}

/** A report's number as people say it: of today "0007", of another day "13/3-0007", of another year "13/3/2025-0007". */
export function shortOf(number: string, today: string): string {
  const [, year = "", month = "", day = "", n = ""] = /^112-(\d{4})(\d\d)(\d\d)-(\d{4,})$/.exec(number) ?? [];
  if (!n) return number;
  if (`${year}-${month}-${day}` === today) return n;
  return `${Number(day)}/${Number(month)}${today.startsWith(`${year}-`) ? "" : `/${year}`}-${n}`;
}

/** 7 becomes "7 dtk", 83 "1:23", 3723 "1:02:03"; what nobody knows is "?". */
export function spell(seconds: number | null, unit: string): string {
  if (seconds === null) return "?";
  if (seconds < 60) return `${seconds} ${unit}`;
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
