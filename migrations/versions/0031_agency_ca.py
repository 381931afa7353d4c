"""An agency may have a certificate authority of its own, which alone is believed for it."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: nobody has one."""
    op.add_column("agencies", sa.Column("ca_pem", sa.Text(), nullable=True))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
