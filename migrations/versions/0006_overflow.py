"""What a caller leaves with the voice menu: a message beside the call's recording."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("calls", sa.Column("message", sa.Text(), nullable=True))
    with op.batch_alter_table("recordings") as batch_op:
        batch_op.add_column(sa.Column("part", sa.String(length=8), server_default="call", nullable=False))
        batch_op.drop_constraint(op.f("pk_recordings"), type_="primary")
        batch_op.create_primary_key(op.f("pk_recordings"), ["call_id", "part"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
