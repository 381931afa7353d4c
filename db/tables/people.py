"""People who log in and machines with a token."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, text

from db.tables.base import UtcTime, metadata

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("version", Integer, nullable=False, server_default=text("1")),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False, index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("address", String(64)),  # where it was begun from; null: of a time when nobody wrote it down
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),  # operator, supervisor, admin, agency, machine, wall
    Column("agency_id", ForeignKey("agencies.id")),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),  # the token's, not the name's: a renewed one is new
    Column("disabled_at", UtcTime),
)

old_tokens = Table(  # that were renewed, and are honoured too, until then
    "old_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("name", ForeignKey("tokens.name"), nullable=False, index=True),
    Column("until", UtcTime, nullable=False),
)
