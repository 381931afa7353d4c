"""Every table, once. Migrations must lead to exactly this (a test compares them on both databases)."""

from db.tables.access import browsers, plays, report_keys
from db.tables.base import UtcTime, metadata
from db.tables.desk import (
    IN_PROGRESS,
    OPEN_CONTROL,
    TALKING,
    calls,
    controls,
    entries,
    kinds,
    legs,
    recordings,
    report_counters,
    reports,
)
from db.tables.dispatch import (
    agencies,
    answers,
    attempts,
    dispatches,
    envelopes,
    rule_versions,
    rules,
    trials,
    version_rules,
)
from db.tables.duplicates import duplicate_limits
from db.tables.journal import audit, head, live_events
from db.tables.life import dispositions, guide_answers, handed_reports, handovers, presences
from db.tables.location import QUEUED, WAITING, handset_messages, location_links, positions, sms
from db.tables.machine_room import bridge_states, services
from db.tables.people import sessions, tokens, users
from db.tables.places import place_lists, places
from db.tables.shifts import OPEN_SHIFT, SHIFT_OWED, queue_members, shift_states, shifts

__all__ = [
    "IN_PROGRESS",
    "OPEN_CONTROL",
    "OPEN_SHIFT",
    "QUEUED",
    "SHIFT_OWED",
    "TALKING",
    "WAITING",
    "UtcTime",
    "agencies",
    "answers",
    "attempts",
    "audit",
    "bridge_states",
    "browsers",
    "calls",
    "controls",
    "dispatches",
    "dispositions",
    "duplicate_limits",
    "entries",
    "envelopes",
    "guide_answers",
    "handed_reports",
    "handovers",
    "handset_messages",
    "head",
    "kinds",
    "legs",
    "live_events",
    "location_links",
    "metadata",
    "place_lists",
    "places",
    "plays",
    "positions",
    "presences",
    "queue_members",
    "recordings",
    "report_counters",
    "report_keys",
    "reports",
    "rule_versions",
    "rules",
    "services",
    "sessions",
    "shift_states",
    "shifts",
    "sms",
    "tokens",
    "trials",
    "users",
    "version_rules",
]
