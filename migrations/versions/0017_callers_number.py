"""Who is told the caller's number and name, as each dispatch began; an agency may be disabled."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

YES = sa.true()


def upgrade() -> None:
    """Expand. Every agency has received the number until now, and every dispatch goes on so; new ones of Open311 do not."""
    op.add_column("agencies", sa.Column("caller_number", sa.Boolean(), server_default=YES, nullable=False))
    op.add_column("agencies", sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agencies", sa.Column("disabled_by", sa.String(length=128), nullable=True))
    op.add_column("agencies", sa.Column("disable_reason", sa.Text(), nullable=True))
    op.add_column("dispatches", sa.Column("caller_number", sa.Boolean(), server_default=YES, nullable=False))
    op.execute("UPDATE agencies SET caller_number = false WHERE format = 'open311'")


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
