"""Deadlines of dispatches as rows: which step of the ladder was taken, and when the next is due."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Expand. What waits for an answer already has its deadline as its next step."""
    with op.batch_alter_table("dispatches") as batch_op:
        batch_op.add_column(sa.Column("escalation", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(
            "ix_dispatches_escalate",
            ["escalate_at"],
            unique=False,
            postgresql_where=sa.text("escalate_at IS NOT NULL"),
            sqlite_where=sa.text("escalate_at IS NOT NULL"),
        )
    with op.batch_alter_table("rules") as batch_op:
        batch_op.add_column(sa.Column("next_agency_id", Serial, nullable=True))
        batch_op.create_foreign_key(op.f("fk_rules_next_agency_id"), "agencies", ["next_agency_id"], ["id"])
    op.execute(sa.text("UPDATE dispatches SET escalate_at = accept_by WHERE state IN ('queued', 'sent', 'delivered')"))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
