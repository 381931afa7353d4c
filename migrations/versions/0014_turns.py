"""The turn of an envelope, and an index in the order of the claim: its cost does not grow with what is owed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")
TURN = "CASE WHEN tries > 0 THEN 2 ELSE 0 END + CASE WHEN priority IS NULL THEN 1 ELSE 0 END"


def upgrade() -> None:
    """Expand. The database itself computes the column, so the release before, which does not know it, keeps it right."""
    stored = op.get_bind().dialect.name == "postgresql" or None  # SQLite adds no stored column, and needs none
    op.add_column("envelopes", sa.Column("turn", sa.Integer(), sa.Computed(TURN, persisted=stored)))
    op.create_index(
        "ix_envelopes_claim",
        "envelopes",
        ["agency_id", "turn", "priority", "next_try_at", "id"],
        postgresql_where=PENDING,
        sqlite_where=PENDING,
    )
    op.drop_index("ix_envelopes_due", "envelopes")


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
