"""Every position with method, radius and time; what handsets told; links for the caller's browser; SMS."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)
WAITING = sa.text("state = 'waiting'")
QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    """Expand. How the place of an earlier report was found nobody wrote down."""
    op.add_column("reports", sa.Column("location_method", sa.String(64), nullable=True))
    op.add_column("reports", sa.Column("location_radius_m", sa.Double(), nullable=True))
    op.add_column("reports", sa.Column("location_measured_at", Time, nullable=True))
    op.create_table(
        "positions",
        sa.Column("n", Serial, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("measured_at", Time, nullable=True),
        sa.Column("method", sa.String(64), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("detail", Json, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_positions_report_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_positions")),
        sa.UniqueConstraint("id", name=op.f("uq_positions_id")),
    )
    op.create_index(op.f("ix_positions_report_id_n"), "positions", ["report_id", "n"])
    op.create_table(
        "handset_messages",
        sa.Column("n", Serial, nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("sent_at", Time, nullable=True),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("number", sa.String(20), nullable=True),
        sa.Column("number_raw", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("report_id", Serial, nullable=True),
        sa.Column("measured_at", Time, nullable=True),
        sa.Column("method", sa.String(64), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_handset_messages_report_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_handset_messages")),
        sa.UniqueConstraint("id", name=op.f("uq_handset_messages_id")),
        sa.UniqueConstraint("key", name=op.f("uq_handset_messages_key")),
    )
    op.create_index(
        "ix_handset_messages_waiting",
        "handset_messages",
        ["number"],
        postgresql_where=WAITING,
        sqlite_where=WAITING,
    )
    op.create_table(
        "sms",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("to", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("give_up_at", Time, nullable=False),
        sa.Column("next_try_at", Time, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("ended_at", Time, nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_sms_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms")),
    )
    op.create_index("ix_sms_queued", "sms", ["next_try_at"], postgresql_where=QUEUED, sqlite_where=QUEUED)
    op.create_table(
        "location_links",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("report_id", Serial, nullable=False),
        sa.Column("created_at", Time, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("expires_at", Time, nullable=False),
        sa.Column("used_at", Time, nullable=True),
        sa.Column("sms_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_location_links_report_id")),
        sa.ForeignKeyConstraint(["sms_id"], ["sms.id"], name=op.f("fk_location_links_sms_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_location_links")),
    )
    op.create_index(op.f("ix_location_links_report_id"), "location_links", ["report_id"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
