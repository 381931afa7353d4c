"""One call back at a time for each report."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    calling = sa.text("action = 'call-back' AND ended_at IS NULL")
    op.create_index(
        "uq_controls_call_back",
        "controls",
        ["report_id"],
        unique=True,
        postgresql_where=calling,
        sqlite_where=calling,
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
