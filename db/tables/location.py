"""Where callers are: every position that was ever learnt, what handsets told, links for the caller, and SMS."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table, Text, text

from db.tables.base import Json, Serial, UtcTime, metadata

positions = Table(
    "positions",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("at", UtcTime, nullable=False),  # when it was heard
    Column("measured_at", UtcTime),  # by the clock of what measured it
    Column("method", String(64)),
    Column("lat", Double),  # null, with lon: an address or a reference without coordinates, or a place taken out
    Column("lon", Double),
    Column("radius_m", Double),
    Column("source", String(16), nullable=False),  # network, handset, link, gazetteer, person
    Column("detail", Json, nullable=False),
    Column("by", String(128), nullable=False),
    Index(None, "report_id", "n"),
)

WAITING = text("state = 'waiting'")

handset_messages = Table(
    "handset_messages",
    metadata,
    Column("n", Serial, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("key", String(64), nullable=False, unique=True),  # of number and place: the same again is the same
    Column("at", UtcTime, nullable=False),
    Column("sent_at", UtcTime),  # the gateway's word
    Column("by", String(128), nullable=False),
    Column("number", String(20)),  # E.164
    Column("number_raw", Text),
    Column("text", Text, nullable=False),  # as it came, without the subscriber's and the device's number
    Column("state", String(16), nullable=False),  # waiting, joined, no_position, refused
    Column("reason", Text),
    Column("report_id", ForeignKey("reports.id")),
    Column("measured_at", UtcTime),
    Column("method", String(64)),
    Column("lat", Double),
    Column("lon", Double),
    Column("radius_m", Double),
    Column("detail", Json, nullable=False),
    Index("ix_handset_messages_waiting", "number", postgresql_where=WAITING, sqlite_where=WAITING),
)

location_links = Table(
    "location_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("sms_id", ForeignKey("sms.id")),
    Index(None, "report_id"),
)

QUEUED = text("state = 'queued'")

sms = Table(
    "sms",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("to", String(20), nullable=False),
    Column("text", Text),  # null once it is over: the link in it is a credential
    Column("state", String(8), nullable=False),  # queued, sent, failed, dropped
    Column("reason", Text),  # why the last try did not go well
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("give_up_at", UtcTime, nullable=False),
    Column("next_try_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("ended_at", UtcTime),
    Column("dispatch_id", String(36)),  # whose phone page's link it carries; null: a caller's
    Index(None, "report_id"),
    Index("ix_sms_queued", "next_try_at", postgresql_where=QUEUED, sqlite_where=QUEUED),
)
