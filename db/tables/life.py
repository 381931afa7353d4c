"""What belongs to a report's life beside the report: how it may end, answers to guides, who has it open, hand-overs."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from db.tables.base import Json, UtcTime, metadata

dispositions = Table(
    "dispositions",
    metadata,
    Column("code", String(32), primary_key=True),
    Column("name_id", String(80), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("classes", Json, nullable=False),  # the classes of report that may end so
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("disabled_at", UtcTime),  # nobody can choose it any more
)

guide_answers = Table(
    "guide_answers",
    metadata,
    Column("report_id", ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("kind", ForeignKey("kinds.code"), primary_key=True),
    Column("question", String(32), primary_key=True),
    Column("answer", String(32), nullable=False),  # the last one
    Column("weight", Integer, nullable=False),  # that it had when it was given
    Column("at", UtcTime, nullable=False),
    Column("by", String(128), nullable=False),
)

presences = Table(
    "presences",
    metadata,
    Column("report_id", ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Column("who", String(128), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),  # then it is over by itself
    Column("writing", String(32)),  # the field
    Column("writing_until", UtcTime),
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("from_user", String(128), nullable=False),
    Column("to_user", String(128)),  # null: whoever takes it
    Column("note", Text, nullable=False),
    Column("taken_at", UtcTime),
    Column("taken_by", String(128)),
    Index(
        "ix_handovers_waiting", "id", postgresql_where=text("taken_at IS NULL"), sqlite_where=text("taken_at IS NULL")
    ),
)

handed_reports = Table(
    "handed_reports",
    metadata,
    Column("handover_id", ForeignKey("handovers.id"), primary_key=True),
    Column("report_id", ForeignKey("reports.id"), primary_key=True, autoincrement=False),
    Index(None, "report_id"),
)
