"""What is asked of one number's calls since a time, or of one report's links, costs the same however many there are."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand; what goes is the beginning of an index that comes, or of no use to any release."""
    op.create_index(op.f("ix_calls_number_arrived_at"), "calls", ["number", "arrived_at"])
    op.drop_index(op.f("ix_calls_number"), "calls")
    op.create_index(op.f("ix_reports_caller_number_opened_at"), "reports", ["caller_number", "opened_at"])
    op.drop_index(op.f("ix_reports_caller_number_id"), "reports")
    op.create_index(op.f("ix_links_report_id_to_report_id"), "links", ["report_id", "to_report_id"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
