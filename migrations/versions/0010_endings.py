"""Why a dispatch was cancelled, and why an envelope was withdrawn or died before any receiver took it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DEAD = sa.text("state = 'dead'")


def upgrade() -> None:
    """Expand. Whatever died before died because its agency was removed."""
    op.add_column("dispatches", sa.Column("cancel_reason", sa.Text(), nullable=True))
    op.add_column("envelopes", sa.Column("cause", sa.String(32), nullable=True))
    op.execute("UPDATE envelopes SET cause = 'agency_removed' WHERE state = 'dead'")
    op.create_index("ix_envelopes_dead", "envelopes", ["agency_id"], postgresql_where=DEAD, sqlite_where=DEAD)


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
