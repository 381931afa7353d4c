// All that happened to a report in one list with times, the newest first: the call and its parts, notes, dispatches, positions.
import type { Report } from "../api/schema.ts";

export type Sort = "call" | "entry" | "auto" | "dispatch" | "position";

export interface Happened {
  key: string;
  at: string;
  sort: Sort;
  /** Of `call`: `arrived`, `leg` …; of `dispatch`: `created` or its state; of `position`: its source, `link`, `linkUsed`; of notes: "". `auto`: one that a machine wrote. */
  what: string;
  /** Who did it, as far as that is known: a person, a telephone. */
  who: string | null;
  /** The agency's code, the note's text, or the place. */
  text: string | null;
  struck: boolean;
}

const STEPS = ["sent", "delivered", "accepted", "rejected", "en_route", "on_scene", "resolved", "cancelled"] as const;
const BY_AGENCY = new Set(["accepted", "rejected", "en_route", "on_scene", "resolved"]);

export function timelineOf(report: Report): Happened[] {
  const found: Happened[] = [];
  const add = (sort: Sort, what: string, at: string | null, more: Partial<Happened> = {}): void => {
    if (at === null) return;
    found.push({ key: `${sort} ${found.length}`, at, sort, what, who: null, text: null, struck: false, ...more });
  };
  const { call, entries, dispatches, location } = report;
  if (call) {
    add("call", "arrived", call.arrived_at);
    add("call", "queued", call.queued_at);
    for (const { device, member, user, kind, ...leg } of call.legs) {
      const who = user ?? member ?? device ?? kind;
      if (kind === "queue") continue; // the call's own times say it
      add("call", "leg", leg.from, { who });
      add("call", "legAnswered", leg.answered_at, { who });
      if (leg.answered_at !== null) add("call", "legEnded", leg.to, { who });
    }
    if (!call.legs.some((leg) => leg.answered_at !== null)) add("call", "answered", call.answered_at, { who: call.operator?.user ?? null });
    add("call", "ended", call.ended_at);
  }
  for (const entry of entries)
    add(entry.automatic ? "auto" : "entry", "", entry.at, { who: entry.author, text: entry.text, struck: entry.struck_at !== null });
  for (const dispatch of dispatches) {
    add("dispatch", "created", dispatch.created_at, { who: dispatch.created_by, text: dispatch.agency });
    for (const step of STEPS) {
      if (step === "sent" && dispatch.delivered_at !== null) continue; // it came there
      const isLast = dispatch.state === step && BY_AGENCY.has(step); // of earlier answers only the log knows who gave them
      add("dispatch", step, dispatch[`${step}_at`], { who: isLast ? dispatch.answered_by : null, text: dispatch.agency });
    }
  }
  for (const { at, source, lat, lon, radius_m, by } of location.positions) {
    const text = lat === null || lon === null ? null : `${lat.toFixed(5)}, ${lon.toFixed(5)}${radius_m === null ? "" : ` ± ${Math.round(radius_m)} m`}`;
    add("position", source, at, { who: by, text });
  }
  for (const link of location.links) {
    add("position", "linkMade", link.created_at, { who: link.created_by });
    add("position", "linkUsed", link.used_at);
  }
  const order = new Map(found.map((one, n) => [one, n]));
  return found.sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (order.get(b) ?? 0) - (order.get(a) ?? 0));
}
