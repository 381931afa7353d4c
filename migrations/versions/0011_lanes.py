"""How we stand with an agency: its back-off, a pause, what only a person can mend, and test letters."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Expand. The release before knows no back-off of an agency and no pause, and claims as it did."""
    op.add_column("agencies", sa.Column("failures_in_a_row", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("agencies", sa.Column("failing_since", Time, nullable=True))
    op.add_column("agencies", sa.Column("retry_after", Time, nullable=True))
    op.add_column("agencies", sa.Column("paused_at", Time, nullable=True))
    op.add_column("agencies", sa.Column("paused_by", sa.String(128), nullable=True))
    op.add_column("agencies", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.add_column("envelopes", sa.Column("refused_status", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_envelopes_agency_id_id"), "envelopes", ["agency_id", "id"])
    op.create_table(
        "trials",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("agency_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_trials_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_agency_id_id"), "trials", ["agency_id", "id"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
