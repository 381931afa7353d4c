"""People and the limits of duplicates have versions, as agencies do; a token that was renewed is honoured for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: everybody, and limits that somebody has set, begin with version 1; no token has been renewed."""
    for table in ("users", "duplicate_limits"):
        op.add_column(table, sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.create_table(
        "old_tokens",
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["name"], ["tokens.name"], name="fk_old_tokens_name"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_old_tokens"),
    )
    op.create_index("ix_old_tokens_name", "old_tokens", ["name"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
