"""An agency's key is one answer, to whichever of its dispatches."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Expand. Of two answers that raced each other in with one key, the first has it."""
    with op.batch_alter_table("answers") as batch_op:
        batch_op.add_column(sa.Column("agency_id", Serial, nullable=True))
        batch_op.create_foreign_key(op.f("fk_answers_agency_id"), "agencies", ["agency_id"], ["id"])
    op.execute(
        sa.text(
            "UPDATE answers SET agency_id = (SELECT agency_id FROM dispatches WHERE id = answers.dispatch_id)"
            " WHERE key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM answers AS earlier"
            " JOIN dispatches AS theirs ON theirs.id = earlier.dispatch_id"
            " JOIN dispatches AS own ON own.agency_id = theirs.agency_id"
            " WHERE earlier.key = answers.key AND earlier.n < answers.n AND own.id = answers.dispatch_id)"
        )
    )
    op.create_index("uq_answers_agency_key", "answers", ["agency_id", "key"], unique=True)


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
