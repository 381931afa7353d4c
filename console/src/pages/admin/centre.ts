// Times as people at the centre write them (`2026-11-27T08:00`, the centre's clock), and the instants that the server is sent.

/** How far a zone is ahead of UTC at an instant (ms). */
function ahead(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  }).formatToParts(new Date(instant));
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(instant / 1_000) * 1_000;
}

/** The instant in RFC 3339; null for nothing, or what is no time. */
export function instantOf(written: string, zone: string): string | null {
  const local = Date.parse(`${written}Z`);
  if (Number.isNaN(local)) return null;
  const near = local - ahead(local, zone);
  return new Date(local - ahead(near, zone)).toISOString();
}

/** An instant as it is written at the centre, to the minute. */
export function writtenOf(instant: string, zone: string): string {
  const at = Date.parse(instant);
  return new Date(at + ahead(at, zone)).toISOString().slice(0, 16);
}
