"""Reports that are about one incident: who is joined to which, and by which limits a duplicate is proposed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
JOINED = sa.text("duplicate_of IS NOT NULL")


def upgrade() -> None:
    """Expand. No limits are written: until somebody sets some, those of the release hold."""
    op.add_column("reports", sa.Column("duplicate_of", sa.String(24), nullable=True))
    op.add_column("reports", sa.Column("joined_to", sa.String(24), nullable=True))
    op.add_column("reports", sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reports", sa.Column("joined", sa.Integer(), nullable=True))
    op.create_index(
        "ix_reports_duplicate_of", "reports", ["duplicate_of"], postgresql_where=JOINED, sqlite_where=JOINED
    )
    op.create_table(
        "duplicate_limits",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("within_m", sa.Integer(), nullable=False),
        sa.Column("within_min", sa.Integer(), nullable=False),
        sa.Column("joinable_h", sa.Integer(), nullable=False),
        sa.Column("fits", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_limits")),
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
