"""Places by name, and the one where a report is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Expand. Reports of before lie at no known place."""
    op.create_table(
        "place_lists",
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("regency", sa.String(length=8), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_place_lists")),
    )
    op.create_table(
        "places",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.Column("alternatives", Json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("island", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("code", "source", name=op.f("pk_places")),
    )
    op.add_column("reports", sa.Column("location_place", sa.String(length=64), nullable=True))
    op.add_column("reports", sa.Column("location_place_name", sa.Text(), nullable=True))


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
