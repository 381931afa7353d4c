"""What access rests on beside people: known browsers, plays of recordings, the keys of the audit's marks."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from db.tables.base import UtcTime, metadata

browsers = Table(
    "browsers",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user", ForeignKey("users.name"), primary_key=True),  # who logged in there once
    Column("seen_at", UtcTime, nullable=False),
)

plays = Table(
    "plays",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("call_id", ForeignKey("calls.id"), nullable=False),
    Column("part", String(8), nullable=False),  # call, message
    Column("by", String(128), nullable=False),  # who gave the reason, and hears it
    Column("until", UtcTime, nullable=False),
)

report_keys = Table(
    "report_keys",
    metadata,
    Column("report_id", ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("made_at", UtcTime, nullable=False),
)
