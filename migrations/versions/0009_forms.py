"""The form in which an agency receives what is sent, and the content type each envelope was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NATIVE = "native"
JSON = "application/json"


def upgrade() -> None:
    """Expand. All that was sent before was native."""
    op.add_column("agencies", sa.Column("format", sa.String(16), nullable=False, server_default=NATIVE))
    op.add_column("agencies", sa.Column("jurisdiction_id", sa.String(128), nullable=True))
    op.add_column("envelopes", sa.Column("content_type", sa.String(80), nullable=False, server_default=JSON))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
