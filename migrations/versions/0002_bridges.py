"""Several bridges on one PBX: each keeps its own state, figures and alarms; a call remembers which facts were told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Expand; `calls.state` and `tape_positions`, which no release has used, go."""
    op.create_table(
        "bridge_states",
        sa.Column("bridge", sa.String(length=96), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updated_at", Time, nullable=False),
        sa.PrimaryKeyConstraint("bridge", name=op.f("pk_bridge_states")),
    )
    op.drop_table("tape_positions")
    with op.batch_alter_table("services") as table:
        table.alter_column("name", existing_type=sa.String(length=80), type_=sa.String(length=96))
        table.add_column(sa.Column("figures", Json, nullable=False, server_default=sa.text("'{}'")))
        table.add_column(sa.Column("alarms", Json, nullable=False, server_default=sa.text("'[]'")))
    op.add_column("legs", sa.Column("taken", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.execute("UPDATE legs SET taken = true WHERE answered_at IS NOT NULL")
    op.add_column("calls", sa.Column("told", Json, nullable=False, server_default=sa.text("'{}'")))
    op.drop_index("ix_calls_open", table_name="calls")
    op.drop_column("calls", "state")
    in_progress = sa.text("stage <> 'ended'")
    op.create_index("ix_calls_open", "calls", ["pbx"], postgresql_where=in_progress, sqlite_where=in_progress)


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
