"""What the desk asks of the PBX."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "controls",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("pbx", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", Time, nullable=False),
        sa.Column("asked_by", sa.String(length=128), nullable=False),
        sa.Column("begun_at", Time, nullable=True),
        sa.Column("begun_by", sa.String(length=96), nullable=True),
        sa.Column("ended_at", Time, nullable=True),
        sa.Column("result", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_controls_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controls")),
    )
    op.create_index(op.f("ix_controls_report_id"), "controls", ["report_id"])
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_controls_open", "controls", ["pbx", "id"], postgresql_where=is_open, sqlite_where=is_open)


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
