"""What the desk works on: kinds, reports, their calls, recordings and entries; what it asks of the PBX."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from db.tables.base import Json, Serial, UtcTime, metadata

FLAGS = ("hurt", "trapped", "fire_spreading", "weapon", "child", "no_road")

kinds = Table(
    "kinds",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("name_id", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("position", Integer, nullable=False),
    Column("icon", String(32), nullable=False, server_default=""),
    Column("accept_within_s", Json, nullable=False, server_default=text("'{}'")),  # {"P1": 60}: other than everybody's
    Column("guide", Json, nullable=False, server_default=text("'[]'")),  # questions, see `intake.guide`
    Column("thresholds", Json, nullable=False, server_default=text("'{}'")),  # {"P1": 10}: from this score on
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("disabled_at", UtcTime),  # nobody can choose it any more
)

report_counters = Table(
    "report_counters",
    metadata,
    Column("day", String(8), primary_key=True),  # local day of the centre, YYYYMMDD
    Column("last", Integer, nullable=False),
)

JOINED = text("duplicate_of IS NOT NULL")

reports = Table(
    "reports",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("number", String(24), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("field_versions", Json, nullable=False),  # {"location.text": 3}: the version that last changed each leaf
    Column("status", String(16), nullable=False),
    Column("classification", String(16), nullable=False),
    Column("kind", String(32), ForeignKey("kinds.code")),
    Column("priority", String(2)),
    Column("source", String(32), nullable=False),
    Column("external_id", String(128)),
    Column("exercise", Boolean, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("caller_number", String(20)),
    Column("caller_number_raw", Text),
    Column("caller_digits", String(64)),  # digits of number_raw, for the search by any written form
    Column("caller_name", Text),
    Column("caller_withheld", Boolean),
    Column("location_text", Text),
    Column("location_lat", Double),
    Column("location_lon", Double),
    Column("location_method", String(64)),  # of the position that lat and lon are; see `positions`
    Column("location_radius_m", Double),
    Column("location_measured_at", UtcTime),
    Column("location_place", String(64)),  # code of a place; it may have left the list since
    Column("location_place_name", Text),  # what it was called when it was set
    Column("narrative", Text),
    Column("closed_at", UtcTime),  # null: it is not closed (or was so before this was written down)
    Column("reopened_at", UtcTime),  # the last time; null: never (or before this was written down)
    Column("disposition", String(32)),  # how it ended: a code of `dispositions`, none of which is ever deleted
    Column("caller_told", String(16)),  # told, unreachable; null: nobody has checked an agency's word with the caller
    *(Column(f"flag_{name}", Boolean) for name in FLAGS),  # null: nobody has said
    Column("duplicate_of", String(24)),  # number of the head of its group; null: it is joined to none
    Column("joined_to", String(24)),  # to which it was joined: the head, or one that was joined to another later
    Column("joined_at", UtcTime),
    Column("joined", Integer),  # how many are joined to it: null or 0 when it is no head
    UniqueConstraint("source", "external_id"),
    Index(None, "caller_number", "opened_at"),
    Index(None, "caller_digits"),
    Index(None, "status", "id"),
    Index(None, "opened_at"),
    Index(None, "duplicate_of", postgresql_where=JOINED, sqlite_where=JOINED),
)

IN_PROGRESS = text("stage <> 'ended'")  # written out, not a parameter: only so do both databases see the index

calls = Table(
    "calls",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False, unique=True),
    Column("pbx", String(64), nullable=False),
    Column("uniqueid", String(150), nullable=False),
    Column("linkedid", String(150)),
    Column("trunk", String(128)),
    Column("dialled", String(80)),
    Column("number", String(20)),  # that rang, in E.164; no person changes these three
    Column("number_raw", Text),  # as the carrier sent it
    Column("number_digits", String(64)),  # of number_raw, for the search
    Column("stage", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("arrived_at", UtcTime, nullable=False),
    Column("queued_at", UtcTime),
    Column("answered_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("operator_user", String(64)),
    Column("operator_member", String(128)),
    Column("operator_device", String(128)),
    Column("hangup_cause", String(80)),
    Column("recording", Text),
    Column("message", Text),  # what the caller left with the voice menu
    Column("metadata", Json, nullable=False),  # what the trunk said of the caller, value by value, as it came
    Column("recovered", Boolean, nullable=False),
    Column("told", Json, nullable=False, server_default=text("'{}'")),  # while it lasts: see `intake.booking`
    UniqueConstraint("pbx", "uniqueid"),
    Index(None, "number", "arrived_at"),
    Index("ix_calls_open", "pbx", postgresql_where=IN_PROGRESS, sqlite_where=IN_PROGRESS),
)

TALKING = text("taken AND to_at IS NULL")

legs = Table(
    "legs",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True),
    Column("key", String(170), primary_key=True),  # uniqueid of the leg's channel; for time in a queue "queue:<n>"
    Column("kind", String(16), nullable=False),
    Column("device", String(128)),
    Column("member", String(128)),
    Column("user", String(64)),
    Column("from_at", UtcTime, nullable=False),
    Column("taken", Boolean, nullable=False, server_default=text("false")),  # answered, even if nobody knows when
    Column("answered_at", UtcTime),
    Column("to_at", UtcTime),
    Column("cause", String(80)),
    Index("ix_legs_talking", "device", postgresql_where=TALKING, sqlite_where=TALKING),
)

recordings = Table(
    "recordings",
    metadata,
    Column("call_id", ForeignKey("calls.id"), primary_key=True, autoincrement=False),
    Column("part", String(8), primary_key=True, server_default="call"),  # call, message
    Column("file", String(80)),  # in the store; null: there is none to hear
    Column("bytes", BigInteger),
    Column("seconds", Double),
    Column("fault", String(16)),  # missing, short, unreadable
    Column("removed", Boolean, nullable=False, server_default=text("false")),  # from the PBX
    Column("kept_at", UtcTime, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("author", String(128), nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("struck_at", UtcTime),
    Column("struck_by", String(128)),
    Index(None, "report_id", "n"),
)

OPEN_CONTROL = text("ended_at IS NULL")
CALLING_BACK = text("action = 'call-back' AND ended_at IS NULL")  # one at a time for each report

controls = Table(
    "controls",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("pbx", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("report_id", ForeignKey("reports.id")),  # null: it is about no call
    Column("arguments", Json, nullable=False),
    Column("state", String(16), nullable=False),  # asked, begun, done, failed
    Column("asked_at", UtcTime, nullable=False),
    Column("asked_by", String(128), nullable=False),
    Column("begun_at", UtcTime),
    Column("begun_by", String(96)),
    Column("ended_at", UtcTime),
    Column("result", String(32)),
    Column("detail", Text),
    Index(None, "report_id"),
    Index("uq_controls_call_back", "report_id", unique=True, postgresql_where=CALLING_BACK, sqlite_where=CALLING_BACK),
    Index("ix_controls_open", "pbx", "id", postgresql_where=OPEN_CONTROL, sqlite_where=OPEN_CONTROL),
)
