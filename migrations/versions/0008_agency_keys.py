"""Keys of agencies: the secret before this one while it is still honoured, and an ed25519 key of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("agencies", sa.Column("secret_previous", sa.Text(), nullable=True))
    op.add_column("agencies", sa.Column("secret_previous_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("agencies", sa.Column("ed25519_key", sa.Text(), nullable=True))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
