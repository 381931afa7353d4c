"""Who sits where, in which state, and what the PBX says of its queues' members."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint, text

from db.tables.base import Json, Serial, UtcTime, metadata

queue_members = Table(
    "queue_members",
    metadata,
    Column("pbx", String(64), primary_key=True),
    Column("queue", String(80), primary_key=True),
    Column("interface", String(128), primary_key=True),  # what the queue rings
    Column("device", String(128), nullable=False),  # the telephone behind it
    Column("name", String(128), nullable=False),
    Column("membership", String(16), nullable=False),  # dynamic, static, realtime
    Column("there", Boolean, nullable=False),  # false: it was a member once
    Column("paused", Boolean, nullable=False),
    Column("reason", Text, nullable=False),  # of the pause, as the PBX has it
    Column("reachable", Boolean, nullable=False),  # false: the PBX cannot ring the telephone
    Column("at", UtcTime, nullable=False),  # by the PBX's clock: when it was so
    Index(None, "pbx", "device"),
)

OPEN_SHIFT = text("ended_at IS NULL")
SHIFT_OWED = text("owed")

shifts = Table(
    "shifts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False),
    Column("pbx", String(64), nullable=False),
    Column("device", String(128), nullable=False),
    Column("queues", Json, nullable=False),  # that the telephone is to be a member of
    Column("begun_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("ended_how", String(16)),  # self, supervisor, logged out, session over, disabled
    Column("ended_by", String(128)),
    Column("wished", String(8), nullable=False),  # ready, break
    Column("wished_reason", Text),
    Column("wished_at", UtcTime, nullable=False),
    Column("confirmed_at", UtcTime),  # null: the PBX has not shown yet what was wished
    Column("asked", Json, nullable=False),  # ids of the requests to the PBX that carry the wish out
    Column("owed", Boolean, nullable=False),  # of a shift that is over: until the PBX let go of its telephone
    Column("held", Boolean, nullable=False),  # the PBX was asked to pause the telephone while it wraps up
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("since", UtcTime, nullable=False),
    Column("report", String(24)),  # number of the report talked about, in wrap-up still; no key: see `intake.shifts`
    Index("uq_shifts_device", "pbx", "device", unique=True, postgresql_where=OPEN_SHIFT, sqlite_where=OPEN_SHIFT),
    Index("uq_shifts_user", "user", unique=True, postgresql_where=OPEN_SHIFT, sqlite_where=OPEN_SHIFT),
    Index("ix_shifts_owed", "pbx", postgresql_where=SHIFT_OWED, sqlite_where=SHIFT_OWED),
    Index(None, "pbx", "device", "begun_at"),
)

shift_states = Table(
    "shift_states",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("shift_id", ForeignKey("shifts.id"), nullable=False),
    Column("from_at", UtcTime, nullable=False),
    Column("to_at", UtcTime),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("report", String(24)),
    Column("by", String(128), nullable=False),
    UniqueConstraint("shift_id", "n"),
)
