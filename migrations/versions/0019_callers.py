"""Callers by their numbers: rules, pilot numbers, links, the worklist of whom somebody must call back, and strikes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
LINKED, OPEN = sa.text("undone_at IS NULL"), sa.text("closed_at IS NULL")


def _report(name: str = "report_id") -> sa.Column[int]:
    return sa.Column(name, Serial, autoincrement=False, nullable=False)


def upgrade() -> None:
    """Expand. Of calls that ended before this nobody is owed more than their reports say."""
    op.create_table(
        "caller_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", Json, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_caller_rules"),
    )
    op.create_table(
        "pilots",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("marked_at", TIME, nullable=False),
        sa.Column("marked_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pilots"),
        sa.UniqueConstraint("number", name="uq_pilots_number"),
    )
    op.create_table(
        "links",
        sa.Column("id", sa.String(36), nullable=False),
        _report(),
        _report("to_report_id"),
        sa.Column("rule", sa.String(32)),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("undone_at", TIME),
        sa.Column("undone_by", sa.String(128)),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_links_report_id"),
        sa.ForeignKeyConstraint(["to_report_id"], ["reports.id"], name="fk_links_to_report_id"),
    )
    op.create_index(
        "uq_links_pair",
        "links",
        ["report_id", "to_report_id"],
        unique=True,
        postgresql_where=LINKED,
        sqlite_where=LINKED,
    )
    op.create_index("ix_links_to_report_id", "links", ["to_report_id"])
    op.create_table(
        "worklist",
        sa.Column("id", sa.String(36), nullable=False),
        _report(),
        sa.Column("number", sa.String(20)),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("owed_at", TIME),
        sa.Column("owner", sa.String(128)),
        sa.Column("taken_at", TIME),
        sa.Column("closed_at", TIME),
        sa.Column("closed_by", sa.String(128)),
        sa.Column("closed_because", sa.String(16)),
        sa.Column("link_id", sa.String(36)),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_worklist"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_worklist_report_id"),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name="fk_worklist_link_id"),
    )
    op.create_index("uq_worklist_open", "worklist", ["number"], unique=True, postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index("ix_worklist_number_first_at", "worklist", ["number", "first_at"])
    for column in ("owed_at", "closed_at", "link_id"):
        op.create_index(f"ix_worklist_{column}", "worklist", [column])
    op.create_table(
        "worklist_calls",
        _report(),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("short", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name="pk_worklist_calls"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_worklist_calls_report_id"),
        sa.ForeignKeyConstraint(["item_id"], ["worklist.id"], name="fk_worklist_calls_item_id"),
    )
    op.create_index("ix_worklist_calls_item_id", "worklist_calls", ["item_id"])
    op.create_table(
        "worklist_steps",
        sa.Column("n", Serial, nullable=False),
        sa.Column("item_id", sa.String(36), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("control_id", sa.String(36)),
        sa.Column("result", sa.String(32)),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("n", name="pk_worklist_steps"),
        sa.ForeignKeyConstraint(["item_id"], ["worklist.id"], name="fk_worklist_steps_item_id"),
        sa.ForeignKeyConstraint(["control_id"], ["controls.id"], name="fk_worklist_steps_control_id"),
    )
    op.create_index("ix_worklist_steps_item_id_n", "worklist_steps", ["item_id", "n"])
    op.create_index("ix_worklist_steps_control_id", "worklist_steps", ["control_id"])
    op.create_table(
        "strikes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        _report(),
        sa.Column("note", sa.Text()),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("confirmed_by", sa.String(128)),
        sa.Column("expires_at", TIME),
        sa.Column("lifted_at", TIME),
        sa.Column("lifted_by", sa.String(128)),
        sa.Column("lifted_because", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_strikes"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_strikes_report_id"),
        sa.UniqueConstraint("report_id", name="uq_strikes_report_id"),
    )
    op.create_index("ix_strikes_number_asked_at", "strikes", ["number", "asked_at"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
