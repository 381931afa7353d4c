"""Shifts: who sits at which telephone, since when, in which state; what the PBX says of its queues' members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
OPEN = sa.text("ended_at IS NULL")
OWED = sa.text("owed")
TALKING = sa.text("taken AND to_at IS NULL")


def upgrade() -> None:
    """Expand."""
    op.create_table(
        "queue_members",
        sa.Column("pbx", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=80), nullable=False),
        sa.Column("interface", sa.String(length=128), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("membership", sa.String(length=16), nullable=False),
        sa.Column("there", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.PrimaryKeyConstraint("pbx", "queue", "interface", name=op.f("pk_queue_members")),
    )
    op.create_index(op.f("ix_queue_members_pbx_device"), "queue_members", ["pbx", "device"])
    op.create_table(
        "shifts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("pbx", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=128), nullable=False),
        sa.Column("queues", Json, nullable=False),
        sa.Column("begun_at", Time, nullable=False),
        sa.Column("ended_at", Time, nullable=True),
        sa.Column("ended_how", sa.String(length=16), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.Column("wished", sa.String(length=8), nullable=False),
        sa.Column("wished_reason", sa.Text(), nullable=True),
        sa.Column("wished_at", Time, nullable=False),
        sa.Column("confirmed_at", Time, nullable=True),
        sa.Column("asked", Json, nullable=False),
        sa.Column("owed", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", Time, nullable=False),
        sa.Column("report", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_shifts_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    for name, columns in (("uq_shifts_device", ["pbx", "device"]), ("uq_shifts_user", ["user"])):
        op.create_index(name, "shifts", columns, unique=True, postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index("ix_shifts_owed", "shifts", ["pbx"], postgresql_where=OWED, sqlite_where=OWED)
    op.create_index(op.f("ix_shifts_pbx_device_begun_at"), "shifts", ["pbx", "device", "begun_at"])
    op.create_table(
        "shift_states",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shift_id", sa.String(length=36), nullable=False),
        sa.Column("from_at", Time, nullable=False),
        sa.Column("to_at", Time, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("report", sa.String(length=24), nullable=True),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_states_shift_id")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_shift_states")),
        sa.UniqueConstraint("shift_id", "n", name=op.f("uq_shift_states_shift_id_n")),
    )
    op.create_index("ix_legs_talking", "legs", ["device"], postgresql_where=TALKING, sqlite_where=TALKING)


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
