"""Agencies, the rules, and what is owed and was sent to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from db.tables.base import Json, Serial, UtcTime, metadata

agencies = Table(
    "agencies",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("code", String(64), nullable=False, unique=True),
    Column("name", String(160), nullable=False),
    Column("url", Text, nullable=False),  # empty: it has no computer system, people telephone it
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
    Column("disabled_at", UtcTime),  # nothing goes there and nothing is heard from there, until it is enabled
    Column("disabled_by", String(128)),
    Column("disable_reason", Text),
    Column("caller_number", Boolean, nullable=False, server_default=true()),  # where no rule says: told who called
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
    Column("is_centre", Boolean, nullable=False, server_default=text("false")),  # the 112 centre of a neighbour
    Column("version", Integer, nullable=False, server_default=text("1")),  # of its name and where it is reached
    Column("ca_pem", Text),  # whom alone we believe for its TLS, in PEM; null: public authorities
    Column("phone", String(32)),  # its duty number, as it was written
    Column("api_key", Text),  # what its Open311 platform knows us by, in the clear: it is sent
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
    Column("agencies", Json, nullable=False),  # [{"agency": code, "accept_within_s": null, "next": code, …}], in order
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
    Column("accept_within_s", Integer),  # how long before that its ladder begins; null: from its making on
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
    Column("caller_number", Boolean, nullable=False, server_default=true()),  # is it told who called: as it began
    Column("page_token", String(64)),  # of the phone page; in the clear, since every envelope says it again
    Column("photos", Integer, nullable=False, server_default=text("0")),  # how many of its photos are kept
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
        postgresql_where=text("state NOT IN ('rejected', 'cancelled', 'resolved')"),
        sqlite_where=text("state NOT IN ('rejected', 'cancelled', 'resolved')"),
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
    Column("agency_id", ForeignKey("agencies.id")),  # whose key it is; null: of a release that did not write it down
    Index(None, "dispatch_id", "n"),
    Index("uq_answers_key", "key", "dispatch_id", unique=True),
    Index("uq_answers_agency_key", "agency_id", "key", unique=True),
)

photos = Table(
    "photos",
    metadata,
    Column("dispatch_id", ForeignKey("dispatches.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # of the dispatch's photos, from 1
    Column("file", String(64), nullable=False, unique=True),  # its name in the folder of photos
    Column("type", String(16), nullable=False),  # image/jpeg, image/png, image/webp: by its first bytes
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("by", String(160)),
    Column("via", String(16), nullable=False),  # api, signed, page
    Column("received_at", UtcTime, nullable=False),
    UniqueConstraint("dispatch_id", "sha256"),
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
    Column("cause", String(32)),  # of withdrawn and dead: see `routing.endings`
    Column("created_at", UtcTime, nullable=False),
    Column("first_try_at", UtcTime),
    Column("next_try_at", UtcTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("claim_id", String(36)),
    Column("lease_until", UtcTime),
    Column("delivered_at", UtcTime),
    Column("refused_status", Integer),  # how the last try was refused, when only a person can mend it
    Column(  # first tries before retries, and in each those with a priority first
        "turn",
        Integer,
        Computed("CASE WHEN tries > 0 THEN 2 ELSE 0 END + CASE WHEN priority IS NULL THEN 1 ELSE 0 END"),
    ),
    UniqueConstraint("dispatch_id", "sequence"),
    Index(None, "agency_id", "id"),
    Index(  # the order of the claim, so that it reads no more than it takes
        "ix_envelopes_claim",
        *("agency_id", "turn", "priority", "next_try_at", "id"),
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
