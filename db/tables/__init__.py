"""Every table, once. Migrations must lead to exactly this (a test compares them on both databases)."""

from db.tables.base import UtcTime, metadata
from db.tables.desk import (
    IN_PROGRESS,
    OPEN_CONTROL,
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
from db.tables.journal import audit, head, live_events
from db.tables.machine_room import bridge_states, services
from db.tables.people import sessions, tokens, users
from db.tables.places import place_lists, places

__all__ = [
    "IN_PROGRESS",
    "OPEN_CONTROL",
    "UtcTime",
    "agencies",
    "answers",
    "attempts",
    "audit",
    "bridge_states",
    "calls",
    "controls",
    "dispatches",
    "entries",
    "envelopes",
    "head",
    "kinds",
    "legs",
    "live_events",
    "metadata",
    "place_lists",
    "places",
    "recordings",
    "report_counters",
    "reports",
    "rule_versions",
    "rules",
    "services",
    "sessions",
    "tokens",
    "trials",
    "users",
    "version_rules",
]
