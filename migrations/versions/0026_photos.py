"""Photos that agencies send as a proof of what they resolved."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand."""
    op.add_column("dispatches", sa.Column("photos", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "photos",
        sa.Column("dispatch_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=160), nullable=True),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatches.id"], name=op.f("fk_photos_dispatch_id")),
        sa.PrimaryKeyConstraint("dispatch_id", "number", name=op.f("pk_photos")),
        sa.UniqueConstraint("dispatch_id", "sha256", name=op.f("uq_photos_dispatch_id_sha256")),
        sa.UniqueConstraint("file", name=op.f("uq_photos_file")),
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
