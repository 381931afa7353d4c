import assert from "node:assert/strict";
import test from "node:test";
import type { Report } from "../api/schema.ts";
import { timelineOf } from "./timeline.ts";

const at = (minute: number): string => `2026-03-14T03:${String(minute).padStart(2, "0")}:00Z`;
const times = { sent_at: null, delivered_at: null, accepted_at: null, rejected_at: null, en_route_at: null, on_scene_at: null, resolved_at: null, cancelled_at: null };

test("what happened stands in one list, the newest first, and who is not known is not named", () => {
  const report = {
    call: {
      ...{ arrived_at: at(0), queued_at: at(0), answered_at: at(1), ended_at: at(9), operator: { user: "siti" } },
      legs: [
        { kind: "queue", device: null, member: null, user: null, from: at(0), answered_at: null, to: at(1) },
        { kind: "operator", device: "PJSIP/op1", member: "op1", user: "siti", from: at(0), answered_at: at(1), to: at(9) },
      ],
    },
    entries: [{ at: at(3), author: "siti", text: "Api besar", struck_at: null, automatic: false }],
    dispatches: [{ ...times, agency: "damkar", state: "en_route", created_at: at(4), created_by: "siti", sent_at: at(4), delivered_at: at(4), accepted_at: at(5), en_route_at: at(6), answered_by: "Regu 1" }],
    location: {
      positions: [{ at: at(2), source: "network", lat: -7, lon: 113, radius_m: 800.4, by: "PBX" }],
      links: [{ created_at: at(7), created_by: "siti", used_at: null }],
    },
  } as unknown as Report;
  assert.deepEqual(
    timelineOf(report).map(({ sort, what, who, text }) => [sort, what, who, text]),
    [
      ["call", "ended", null, null],
      ["call", "legEnded", "siti", null],
      ["position", "linkMade", "siti", null],
      ["dispatch", "en_route", "Regu 1", "damkar"],
      ["dispatch", "accepted", null, "damkar"],
      ["dispatch", "delivered", null, "damkar"],
      ["dispatch", "created", "siti", "damkar"],
      ["entry", "", "siti", "Api besar"],
      ["position", "network", "PBX", "-7.00000, 113.00000 ± 800 m"],
      ["call", "legAnswered", "siti", null],
      ["call", "leg", "siti", null],
      ["call", "queued", null, null],
      ["call", "arrived", null, null],
    ],
  );
});
