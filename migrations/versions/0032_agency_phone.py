"""An agency may have no computer system: its URL is empty then, and people telephone its duty number."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: nobody's number is known, everybody has a URL."""
    op.add_column("agencies", sa.Column("phone", sa.String(32), nullable=True))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
