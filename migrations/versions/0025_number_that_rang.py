"""The number that rang stays with its call, whatever a person writes as the caller's number."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEEP = """
UPDATE calls
SET number = reports.caller_number, number_raw = reports.caller_number_raw, number_digits = reports.caller_digits
FROM reports
WHERE reports.id = calls.report_id AND CAST(reports.field_versions AS TEXT) NOT LIKE '%"caller.number"%'
"""
OVERWRITTEN = """
SELECT calls.id, entries.text FROM calls
JOIN reports ON reports.id = calls.report_id
JOIN entries ON entries.report_id = reports.id
WHERE CAST(reports.field_versions AS TEXT) LIKE '%"caller.number"%'
AND entries.automatic AND entries.text LIKE 'Nomor penelepon: % → %'
ORDER BY entries.n
"""
FOUND = "UPDATE calls SET number_raw = :raw, number_digits = :digits, number = :e164 WHERE id = :id"


def upgrade() -> None:
    """Expand. Where a person has overwritten it before, the entry of the first such change tells what it was."""
    op.add_column("calls", sa.Column("number", sa.String(length=20), nullable=True))
    op.add_column("calls", sa.Column("number_raw", sa.Text(), nullable=True))
    op.add_column("calls", sa.Column("number_digits", sa.String(length=64), nullable=True))
    op.execute(KEEP)
    connection = op.get_bind()
    first: dict[int, str] = {}
    for call_id, text in connection.execute(sa.text(OVERWRITTEN)):
        first.setdefault(call_id, text.removeprefix("Nomor penelepon: ").partition(" → ")[0])
    for call_id, raw in first.items():
        if raw != "–":
            values = {
                "raw": raw,
                "digits": "".join(sign for sign in raw if sign in "0123456789")[:64] or None,
                "e164": raw if raw.startswith("+") and raw[1:].isdigit() and len(raw) <= 16 else None,
                "id": call_id,
            }
            connection.execute(sa.text(FOUND), values)
    op.create_index(op.f("ix_calls_number"), "calls", ["number"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
