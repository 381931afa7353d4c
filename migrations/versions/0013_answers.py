"""How each answer came and its key, the phone page's token, who has fallen silent, and when a report was closed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand. How earlier answers came nobody wrote down; who accepted and is silent is asked, if it is not over."""
    with op.batch_alter_table("answers") as batch_op:
        batch_op.add_column(sa.Column("via", sa.String(16), nullable=True))
        batch_op.add_column(sa.Column("recorded_by", sa.String(128), nullable=True))
        batch_op.add_column(sa.Column("key", sa.String(64), nullable=True))
        batch_op.create_index("uq_answers_key", ["key", "dispatch_id"], unique=True)
    with op.batch_alter_table("dispatches") as batch_op:
        batch_op.add_column(sa.Column("page_token", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.create_index("uq_dispatches_page_token", ["page_token"], unique=True)
    op.add_column("reports", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        sa.text(
            "UPDATE dispatches SET heard_at = COALESCE(on_scene_at, en_route_at, accepted_at),"
            " escalate_at = COALESCE(on_scene_at, en_route_at, accepted_at)"
            " WHERE state IN ('accepted', 'en_route', 'on_scene')"
            " AND report_id IN (SELECT id FROM reports WHERE status NOT IN ('resolved', 'closed'))"
        )
    )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
