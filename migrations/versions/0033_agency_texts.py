"""An SMS may be owed to an agency, for one of its dispatches; an Open311 platform may give the centre an api_key."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: every SMS so far is a caller's, and nobody has a key."""
    op.add_column("sms", sa.Column("dispatch_id", sa.String(36), nullable=True))
    op.create_index(op.f("ix_sms_report_id"), "sms", ["report_id"])
    op.add_column("agencies", sa.Column("api_key", sa.Text(), nullable=True))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
