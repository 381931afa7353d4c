"""Callers by their numbers: the centre's rules, pilot numbers, links, strikes, and whom somebody must call back."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from db.tables.base import Json, Serial, UtcTime, metadata

caller_rules = Table(
    "caller_rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one row, or none yet
    Column("version", Integer, nullable=False),
    Column("rules", Json, nullable=False),  # what differs from `db.callers.CallerRules`
    Column("changed_at", UtcTime, nullable=False),
    Column("changed_by", String(128), nullable=False),
)

pilots = Table(
    "pilots",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # E.164
    Column("name", String(200), nullable=False),
    Column("marked_at", UtcTime, nullable=False),
    Column("marked_by", String(128), nullable=False),
)

pilot_keys = Table(  # of the audit's marks; they outlive the number, like a report's
    "pilot_keys",
    metadata,
    Column("pilot_id", String(36), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("made_at", UtcTime, nullable=False),
)

LINKED = text("undone_at IS NULL")

links = Table(
    "links",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),  # the later one
    Column("to_report_id", ForeignKey("reports.id"), nullable=False),
    Column("rule", String(32)),  # null: a person made it
    Column("made_at", UtcTime, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("undone_at", UtcTime),
    Column("undone_by", String(128)),
    Index("uq_links_pair", "report_id", "to_report_id", unique=True, postgresql_where=LINKED, sqlite_where=LINKED),
    Index(None, "report_id", "to_report_id"),
    Index(None, "to_report_id"),
)

OPEN_ITEM = text("closed_at IS NULL")

worklist = Table(
    "worklist",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),  # of the first call
    Column("number", String(20)),  # E.164; null: there is none, but the voice menu promised a call back
    Column("reason", String(16), nullable=False),  # abandoned, failed, unknown, overflow, silent
    Column("rings", Integer, nullable=False),
    Column("short", Integer, nullable=False),  # how many of them were shorter than the rules say
    Column("tries", Integer, nullable=False, server_default=text("0")),  # calls back that reached nobody
    Column("first_at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("owed_at", UtcTime),  # null: short calls, not repeated often enough
    Column("owner", String(128)),
    Column("taken_at", UtcTime),
    Column("closed_at", UtcTime),
    Column("closed_by", String(128)),
    Column("closed_because", String(16)),
    Column("link_id", ForeignKey("links.id")),  # that closed it
    Column("note", Text),
    Index("uq_worklist_open", "number", unique=True, postgresql_where=OPEN_ITEM, sqlite_where=OPEN_ITEM),
    Index(None, "number", "first_at"),
    Index(None, "owed_at"),
    Index(None, "closed_at"),
    Index(None, "link_id"),
)

worklist_calls = Table(
    "worklist_calls",
    metadata,
    Column("report_id", ForeignKey("reports.id"), primary_key=True, autoincrement=False),  # a call is owed for once
    Column("item_id", ForeignKey("worklist.id"), nullable=False),
    Column("short", Boolean, nullable=False),
    Index(None, "item_id"),
)

worklist_steps = Table(
    "worklist_steps",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("item_id", ForeignKey("worklist.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String(128), nullable=False),
    Column("step", String(16), nullable=False),  # call_back, message, search
    Column("control_id", ForeignKey("controls.id")),
    Column("result", String(32)),
    Column("note", Text),
    Index(None, "item_id", "n"),
    Index(None, "control_id"),
)

strikes = Table(
    "strikes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("number", String(20), nullable=False),
    Column("report_id", ForeignKey("reports.id"), nullable=False, unique=True),
    Column("note", Text),  # children, a pocket
    Column("asked_at", UtcTime, nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("confirmed_at", UtcTime),
    Column("confirmed_by", String(128)),
    Column("expires_at", UtcTime),
    Column("lifted_at", UtcTime),
    Column("lifted_by", String(128)),
    Column("lifted_because", String(200)),
    Index(None, "number", "asked_at"),
)
