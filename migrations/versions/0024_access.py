"""Browsers that are known, plays of recordings, the keys of the audit's marks; where a session was begun."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("sessions", sa.Column("address", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"])
    op.create_table(
        "browsers",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_browsers_user")),
        sa.PrimaryKeyConstraint("token_hash", "user", name=op.f("pk_browsers")),
    )
    op.create_table(
        "plays",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_plays_call_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_plays")),
    )
    op.create_table(
        "report_keys",
        sa.Column(
            "report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_report_keys_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report_keys")),
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
