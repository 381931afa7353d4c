"""Every table, once. Migrations must lead to exactly this (a test compares them on both databases)."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine


class _Iso(sqlite.DATETIME):
    """What SQLAlchemy keeps on SQLite, `2026-11-24 12:00:00.000000`, in a third of its time."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        """Write an aware UTC instant."""
        return lambda at: None if at is None else at.isoformat(" ", "microseconds")[:26]


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC instant with microseconds; SQLite keeps it naive, so it is made aware again on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """Write times our own way on SQLite."""
        own = dialect.name == "sqlite"
        return dialect.type_descriptor(_Iso() if own else self.impl_instance)  # type: ignore[no-untyped-call]

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: a time without a zone is a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database; pass an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite numbers rows by itself only for a column declared INTEGER.
Serial = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# -- the journal: one row that every writing transaction locks last ---------------------------------------------------

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

# -- the desk ----------------------------------------------------------------------------------------------------------

kinds = Table(
    "kinds",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("name_id", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("priority", String(2), nullable=False),
    Column("position", Integer, nullable=False),
)

report_counters = Table(
    "report_counters",
    metadata,
    Column("day", String(8), primary_key=True),  # local day of the centre, YYYYMMDD
    Column("last", Integer, nullable=False),
)

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
    Column("narrative", Text),
    Column("closed_at", UtcTime),  # null: it is not closed (or was so before this was written down)
    UniqueConstraint("source", "external_id"),
    Index(None, "caller_number", "id"),
    Index(None, "caller_digits"),
    Index(None, "status", "id"),
    Index(None, "opened_at"),
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
    Index("ix_calls_open", "pbx", postgresql_where=IN_PROGRESS, sqlite_where=IN_PROGRESS),
)

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

# -- people and machines -----------------------------------------------------------------------------------------------

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user", ForeignKey("users.name"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),  # operator, supervisor, admin, agency
    Column("agency_id", ForeignKey("agencies.id")),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)

# -- dispatch ----------------------------------------------------------------------------------------------------------

agencies = Table(
    "agencies",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("code", String(64), nullable=False, unique=True),
    Column("name", String(160), nullable=False),
    Column("url", Text, nullable=False),
    Column("allow_cidr", Json, nullable=False),  # networks we may dial for this agency although they are not public
    Column("secret", Text, nullable=False),  # whsec_...: needed in the clear to sign
    Column("secret_previous", Text),  # signs beside it, and is honoured, until then
    Column("secret_previous_until", UtcTime),
    Column("ed25519_key", Text),  # whsk_...; null: of a time without such keys, and nobody asked for the public one yet
    Column("format", String(16), nullable=False, server_default="native"),  # native, eido, cap, open311
    Column("jurisdiction_id", String(128)),  # Open311's, of a platform that serves several
    Column("failures_in_a_row", Integer, nullable=False, server_default=text("0")),  # tries, over all its envelopes
    Column("failing_since", UtcTime),
    Column("retry_after", UtcTime),  # its back-off: no retry before that, then one at a time; null: each as it is due
    Column("paused_at", UtcTime),  # nothing is claimed for it
    Column("paused_by", String(128)),
    Column("pause_reason", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
)

rules = Table(  # of the release before rules had versions: nothing reads it any more
    "rules",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("kind", ForeignKey("kinds.code")),  # null = every kind
    Column("agency_id", ForeignKey("agencies.id"), nullable=False),
    Column("accept_within_s", Integer),  # null = the deadline of the report's priority
    Column("next_agency_id", ForeignKey("agencies.id")),  # who gets it too when that one does not accept
    UniqueConstraint("kind", "agency_id"),
)

rule_versions = Table(
    "rule_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", UtcTime, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("note", Text, nullable=False),
    Column("timezone", String(64), nullable=False),  # of the rules' hours
    Index(None, "effective_from", "number"),
)

version_rules = Table(
    "version_rules",
    metadata,
    Column("version", ForeignKey("rule_versions.number"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # its place in the version, from 1
    Column("kinds", Json, nullable=False),  # this and the next three: empty = every
    Column("priorities", Json, nullable=False),
    Column("places", Json, nullable=False),
    Column("hours", Json, nullable=False),  # [{"days": [1, 7], "start": minute, "end": minute}]
    Column("agencies", Json, nullable=False),  # [{"agency": code, "accept_within_s": null, "next": code}], in order
    Column("automatic", Boolean, nullable=False),
    Column("note", Text, nullable=False),
)

dispatches = Table(
    "dispatches",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("agency_id", ForeignKey("agencies.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("sequence", Integer, nullable=False),  # of the newest envelope
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("accept_by", UtcTime, nullable=False),
    Column("sent_at", UtcTime),
    Column("delivered_at", UtcTime),
    Column("accepted_at", UtcTime),
    Column("rejected_at", UtcTime),
    Column("en_route_at", UtcTime),
    Column("on_scene_at", UtcTime),
    Column("resolved_at", UtcTime),
    Column("cancelled_at", UtcTime),
    Column("cancel_reason", Text),
    Column("answered_by", String(160)),
    Column("note", Text),
    Column("escalation", Integer, nullable=False, server_default=text("0")),  # steps of the ladder that were taken
    Column("rule_version", Integer),  # which rule proposed it; null: none did
    Column("rule_number", Integer),
    Column("escalate_at", UtcTime),  # when to look at it again; null: never
    Column("heard_at", UtcTime),  # when they last spoke, since they accepted
    Column("asked", Integer, nullable=False, server_default=text("0")),  # how often in vain since then: > 0 is silent
    Column("page_token", String(64)),  # of the phone page; in the clear, since every envelope says it again
    Index(
        "ix_dispatches_escalate",
        "escalate_at",
        postgresql_where=text("escalate_at IS NOT NULL"),
        sqlite_where=text("escalate_at IS NOT NULL"),
    ),
    Index(
        "uq_dispatches_live",
        "report_id",
        "agency_id",
        unique=True,
        postgresql_where=text("state NOT IN ('rejected', 'cancelled')"),
        sqlite_where=text("state NOT IN ('rejected', 'cancelled')"),
    ),
    Index(None, "agency_id"),
    Index("uq_dispatches_page_token", "page_token", unique=True),
)

answers = Table(
    "answers",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("dispatch_id", ForeignKey("dispatches.id"), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("by", String(160)),
    Column("at", UtcTime),  # the agency's own time
    Column("sequence", BigInteger),
    Column("note", Text),
    Column("applied", Boolean, nullable=False),
    Column("via", String(16)),  # api, signed, body, page, telephone; null: of a time when nobody wrote it down
    Column("recorded_by", String(128)),  # who at the centre wrote it down, when it came by telephone
    Column("key", String(64)),  # SHA-256 of the idempotency key
    Index(None, "dispatch_id", "n"),
    Index("uq_answers_key", "key", "dispatch_id", unique=True),
)

envelopes = Table(
    "envelopes",
    metadata,
    Column("id", String(36), primary_key=True),  # the webhook-id, the same for every try
    Column("dispatch_id", ForeignKey("dispatches.id"), nullable=False),
    Column("agency_id", ForeignKey("agencies.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", String(32), nullable=False),
    Column("priority", String(2)),
    Column("content_type", String(80), nullable=False, server_default="application/json"),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),  # pending, delivered, withdrawn, dead
    Column("cause", String(32)),  # of withdrawn and dead: dispatch_cancelled, report_closed, agency_removed
    Column("created_at", UtcTime, nullable=False),
    Column("first_try_at", UtcTime),
    Column("next_try_at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claim_id", String(36)),
    Column("lease_until", UtcTime),
    Column("delivered_at", UtcTime),
    Column("refused_status", Integer),  # how the last try was refused, when only a person can mend it
    UniqueConstraint("dispatch_id", "sequence"),
    Index(None, "agency_id", "id"),
    Index(
        "ix_envelopes_due",
        "agency_id",
        "next_try_at",
        postgresql_where=text("state = 'pending'"),
        sqlite_where=text("state = 'pending'"),
    ),
    Index(
        "ix_envelopes_dead",
        "agency_id",
        postgresql_where=text("state = 'dead'"),
        sqlite_where=text("state = 'dead'"),
    ),
)

attempts = Table(
    "attempts",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("envelope_id", ForeignKey("envelopes.id"), nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("status", Integer),
    Column("latency_ms", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "envelope_id", "n"),
)

trials = Table(
    "trials",
    metadata,
    Column("id", String(36), primary_key=True),  # the webhook-id of a test letter; it is in no outbox
    Column("agency_id", ForeignKey("agencies.id"), nullable=False),
    Column("by", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("status", Integer),
    Column("latency_ms", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "agency_id", "id"),
)

# -- the desk's hand on the PBX ----------------------------------------------------------------------------------------

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

# -- the machine room --------------------------------------------------------------------------------------------------

bridge_states = Table(
    "bridge_states",
    metadata,
    Column("bridge", String(96), primary_key=True),
    Column("state", Text, nullable=False),  # the call machine's whole state: what a killed bridge goes on from
    Column("updated_at", UtcTime, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("name", String(96), primary_key=True),  # "bridge:<pbx>:<which of its bridges>", "routing"
    Column("state", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("figures", Json, nullable=False, server_default=text("'{}'")),  # what it counts: {"tape_bytes": 4096.0}
    Column("alarms", Json, nullable=False, server_default=text("'[]'")),  # [{"code", "message"}]: what is wrong now
    Column("since", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),  # a heartbeat older than its promise means: not running
)
