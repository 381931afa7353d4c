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
from db.tables.location import QUEUED, WAITING, handset_messages, location_links, positions, sms
from db.tables.machine_room import bridge_states, services
from db.tables.people import sessions, tokens, users

__all__ = [
    "IN_PROGRESS",
    "OPEN_CONTROL",
    "QUEUED",
    "WAITING",
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
    "handset_messages",
    "head",
    "kinds",
    "legs",
    "live_events",
    "location_links",
    "metadata",
    "positions",
    "recordings",
    "report_counters",
    "reports",
    "rule_versions",
    "rules",
    "services",
    "sessions",
    "sms",
    "tokens",
    "trials",
    "users",
    "version_rules",
]
