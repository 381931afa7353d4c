"""The first schema, with the one row of the journal's head and the kinds a centre starts with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KINDS = (  # code, name in Indonesian, name in English, priority unless the operator says otherwise
    ("kebakaran", "Kebakaran", "Fire", "P1"),
    ("ambulans", "Ambulans", "Ambulance", "P1"),
    ("laka", "Kecelakaan lalu lintas", "Traffic accident", "P1"),
    ("odgj", "Krisis kesehatan jiwa (ODGJ)", "Mental-health crisis", "P2"),
    ("hewan", "Hewan liar", "Wild animal", "P2"),
    ("pohon", "Pohon tumbang", "Fallen tree", "P2"),
    ("pju", "Lampu jalan (PJU)", "Street light", "P3"),
    ("banjir", "Banjir atau bencana", "Flood or disaster", "P1"),
    ("laut", "Kecelakaan laut", "Sea accident", "P1"),
    ("kriminal", "Kriminal", "Crime", "P1"),
    ("sosial", "Sosial", "Social matter", "P3"),
    ("lain", "Lain-lain", "Other", "P3"),
)


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "agencies",
        sa.Column("id", Serial, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("allow_cidr", Json, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("removed_at", Time, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("code", name=op.f("uq_agencies_code")),
    )
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("live_seq", sa.BigInteger(), nullable=False),
        sa.Column("audit_n", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
    )
    op.create_table(
        "kinds",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_id", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_kinds")),
    )
    op.create_table(
        "live_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_live_events")),
    )
    op.create_table(
        "report_counters",
        sa.Column("day", sa.String(length=8), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_report_counters")),
    )
    op.create_table(
        "services",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", Time, nullable=False),
        sa.Column("seen_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_services")),
    )
    op.create_table(
        "tape_positions",
        sa.Column("bridge", sa.String(length=64), nullable=False),
        sa.Column("tape_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("bridge", "tape_id", name=op.f("pk_tape_positions")),
    )
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("disabled_at", Time, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )
    op.create_table(
        "reports",
        sa.Column("id", Serial, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("field_versions", Json, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("classification", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("priority", sa.String(length=2), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("external_id", sa.String(length=128), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("opened_at", Time, nullable=False),
        sa.Column("caller_number", sa.String(length=20), nullable=True),
        sa.Column("caller_number_raw", sa.Text(), nullable=True),
        sa.Column("caller_digits", sa.String(length=64), nullable=True),
        sa.Column("caller_name", sa.Text(), nullable=True),
        sa.Column("caller_withheld", sa.Boolean(), nullable=True),
        sa.Column("location_text", sa.Text(), nullable=True),
        sa.Column("location_lat", sa.Double(), nullable=True),
        sa.Column("location_lon", sa.Double(), nullable=True),
        sa.Column("narrative", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["kind"], ["kinds.code"], name=op.f("fk_reports_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("number", name=op.f("uq_reports_number")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_reports_source_external_id")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_caller_digits"), ["caller_digits"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_caller_number_id"), ["caller_number", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_opened_at"), ["opened_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_status_id"), ["status", "id"], unique=False)

    op.create_table(
        "rules",
        sa.Column("id", Serial, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        sa.Column("agency_id", Serial, nullable=False),
        sa.Column("accept_within_s", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_rules_agency_id")),
        sa.ForeignKeyConstraint(["kind"], ["kinds.code"], name=op.f("fk_rules_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("kind", "agency_id", name=op.f("uq_rules_kind_agency_id")),
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("agency_id", Serial, nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("disabled_at", Time, nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_tokens_agency_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tokens_token_hash")),
    )
    op.create_table(
        "calls",
        sa.Column("id", Serial, nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("pbx", sa.String(length=64), nullable=False),
        sa.Column("uniqueid", sa.String(length=150), nullable=False),
        sa.Column("linkedid", sa.String(length=150), nullable=True),
        sa.Column("trunk", sa.String(length=128), nullable=True),
        sa.Column("dialled", sa.String(length=80), nullable=True),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("arrived_at", Time, nullable=False),
        sa.Column("queued_at", Time, nullable=True),
        sa.Column("answered_at", Time, nullable=True),
        sa.Column("ended_at", Time, nullable=True),
        sa.Column("operator_user", sa.String(length=64), nullable=True),
        sa.Column("operator_member", sa.String(length=128), nullable=True),
        sa.Column("operator_device", sa.String(length=128), nullable=True),
        sa.Column("hangup_cause", sa.String(length=80), nullable=True),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.Column("metadata", Json, nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("state", Json, nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_calls_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("pbx", "uniqueid", name=op.f("uq_calls_pbx_uniqueid")),
        sa.UniqueConstraint("report_id", name=op.f("uq_calls_report_id")),
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(
            "ix_calls_open",
            ["pbx"],
            unique=False,
            postgresql_where=sa.text("state IS NOT NULL"),
            sqlite_where=sa.text("state IS NOT NULL"),
        )

    op.create_table(
        "dispatches",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("agency_id", Serial, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("accept_by", Time, nullable=False),
        sa.Column("sent_at", Time, nullable=True),
        sa.Column("delivered_at", Time, nullable=True),
        sa.Column("accepted_at", Time, nullable=True),
        sa.Column("rejected_at", Time, nullable=True),
        sa.Column("en_route_at", Time, nullable=True),
        sa.Column("on_scene_at", Time, nullable=True),
        sa.Column("resolved_at", Time, nullable=True),
        sa.Column("cancelled_at", Time, nullable=True),
        sa.Column("answered_by", sa.String(length=160), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_dispatches_agency_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_dispatches_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
    )
    with op.batch_alter_table("dispatches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatches_agency_id"), ["agency_id"], unique=False)
        batch_op.create_index(
            "uq_dispatches_live",
            ["report_id", "agency_id"],
            unique=True,
            postgresql_where=sa.text("state NOT IN ('rejected', 'cancelled')"),
            sqlite_where=sa.text("state NOT IN ('rejected', 'cancelled')"),
        )

    op.create_table(
        "entries",
        sa.Column("n", Serial, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("struck_at", Time, nullable=True),
        sa.Column("struck_by", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_entries_report_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_entries")),
        sa.UniqueConstraint("id", name=op.f("uq_entries_id")),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entries_report_id_n"), ["report_id", "n"], unique=False)

    op.create_table(
        "answers",
        sa.Column("n", Serial, nullable=False),
        sa.Column("dispatch_id", sa.String(length=36), nullable=False),
        sa.Column("received_at", Time, nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=True),
        sa.Column("at", Time, nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_answers_dispatch_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_answers")),
    )
    with op.batch_alter_table("answers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answers_dispatch_id_n"), ["dispatch_id", "n"], unique=False)

    op.create_table(
        "envelopes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dispatch_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", Serial, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.String(length=2), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("first_try_at", Time, nullable=True),
        sa.Column("next_try_at", Time, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claim_id", sa.String(length=36), nullable=True),
        sa.Column("lease_until", Time, nullable=True),
        sa.Column("delivered_at", Time, nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_envelopes_agency_id")),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_envelopes_dispatch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelopes")),
        sa.UniqueConstraint("dispatch_id", "sequence", name=op.f("uq_envelopes_dispatch_id_sequence")),
    )
    with op.batch_alter_table("envelopes", schema=None) as batch_op:
        batch_op.create_index(
            "ix_envelopes_due",
            ["agency_id", "next_try_at"],
            unique=False,
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )

    op.create_table(
        "legs",
        sa.Column("call_id", Serial, nullable=False),
        sa.Column("key", sa.String(length=170), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=True),
        sa.Column("member", sa.String(length=128), nullable=True),
        sa.Column("user", sa.String(length=64), nullable=True),
        sa.Column("from_at", Time, nullable=False),
        sa.Column("answered_at", Time, nullable=True),
        sa.Column("to_at", Time, nullable=True),
        sa.Column("cause", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_legs_call_id")),
        sa.PrimaryKeyConstraint("call_id", "key", name=op.f("pk_legs")),
    )
    op.create_table(
        "attempts",
        sa.Column("n", Serial, nullable=False),
        sa.Column("envelope_id", sa.String(length=36), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name=op.f("fk_attempts_envelope_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_attempts")),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempts_envelope_id_n"), ["envelope_id", "n"], unique=False)
    op.execute(
        sa.text("INSERT INTO head (id, live_seq, audit_n, audit_hash) VALUES (1, 0, 0, :genesis)").bindparams(
            genesis="0" * 64
        )
    )
    kinds = sa.table("kinds", *(sa.column(name) for name in ("code", "name_id", "name_en", "priority", "position")))
    rows = [(*kind, position) for position, kind in enumerate(KINDS, 1)]
    op.bulk_insert(kinds, [dict(zip(kinds.c.keys(), row, strict=True)) for row in rows])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
