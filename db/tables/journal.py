"""The journal: one row that every writing transaction locks last, the live events, the audit chain."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from db.tables.base import UtcTime, metadata

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("live_seq", BigInteger, nullable=False),
    Column("audit_n", BigInteger, nullable=False),
    Column("audit_hash", String(64), nullable=False),
)

live_events = Table(
    "live_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("version", Integer),
)

audit = Table(
    "audit",
    metadata,
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON: ids and field names, never what a person said
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
