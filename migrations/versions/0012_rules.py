"""Rules have versions with a date; a dispatch says by which rule it was proposed."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
RULES = sa.text(
    "SELECT rules.kind, rules.accept_within_s, agencies.code AS agency, following.code AS next FROM rules"
    " JOIN agencies ON agencies.id = rules.agency_id"
    " LEFT JOIN agencies AS following ON following.id = rules.next_agency_id"
    " ORDER BY rules.position, rules.id"
)
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Expand. The rules there are become version 1, which has always held; the table `rules` stays for the release before."""
    versions = op.create_table(
        "rule_versions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rule_versions")),
    )
    op.create_index(op.f("ix_rule_versions_effective_from_number"), "rule_versions", ["effective_from", "number"])
    rows = op.create_table(
        "version_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kinds", Json, nullable=False),
        sa.Column("priorities", Json, nullable=False),
        sa.Column("places", Json, nullable=False),
        sa.Column("hours", Json, nullable=False),
        sa.Column("agencies", Json, nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["rule_versions.number"], name=op.f("fk_version_rules_version")),
        sa.PrimaryKeyConstraint("version", "number", name=op.f("pk_version_rules")),
    )
    op.add_column("dispatches", sa.Column("rule_version", sa.Integer(), nullable=True))
    op.add_column("dispatches", sa.Column("rule_number", sa.Integer(), nullable=True))
    connection = op.get_bind()
    if found := connection.execute(RULES).all():
        first = {"number": 1, "effective_from": ALWAYS, "made_by": "migration", "note": "", "timezone": "UTC"}
        connection.execute(versions.insert().values(made_at=sa.func.current_timestamp(), **first))
        nothing: dict[str, list[str]] = {"priorities": [], "places": [], "hours": []}
        op.bulk_insert(
            rows,
            [
                {
                    "version": 1,
                    "number": number,
                    "kinds": [row.kind] if row.kind else [],
                    **nothing,
                    "agencies": [{"agency": row.agency, "accept_within_s": row.accept_within_s, "next": row.next}],
                    "automatic": False,
                    "note": "",
                }
                for number, row in enumerate(found, 1)
            ],
        )


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
