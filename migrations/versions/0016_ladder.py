"""A dispatch may follow one that was resolved; how long it has to be accepted; when a report was last reopened."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

LIVE = sa.text("state NOT IN ('rejected', 'cancelled', 'resolved')")


def upgrade() -> None:
    """Expand. Of earlier dispatches the time to accept is that from their making to `accept_by`."""
    op.add_column("dispatches", sa.Column("accept_within_s", sa.Integer(), nullable=True))
    op.add_column("reports", sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("uq_dispatches_live", table_name="dispatches")
    op.create_index(
        "uq_dispatches_live",
        "dispatches",
        ["report_id", "agency_id"],
        unique=True,
        postgresql_where=LIVE,
        sqlite_where=LIVE,
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
