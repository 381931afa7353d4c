"""A report's life: how it ends, flags, kinds that can be set, answers to guides, presence, hand-overs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FLAGS = ("hurt", "trapped", "fire_spreading", "weapon", "child", "no_road")
WAITING = sa.text("taken_at IS NULL")

DISPOSITIONS = (  # code, name in Indonesian, name in English, the classes of report that may end so
    ("resolved", "Tertangani", "Resolved", ["normal"]),
    ("advised", "Selesai lewat telepon", "Resolved by telephone", ["normal"]),
    ("withdrawn", "Dibatalkan penelepon", "Withdrawn by the caller", ["normal"]),
    ("not_found", "Tidak ditemukan di lokasi", "Nothing found on site", ["normal"]),
    ("duplicate", "Sudah dilaporkan", "Reported already", ["normal"]),
    ("not_ours", "Wilayah pusat lain", "Another centre's", ["normal"]),
    ("silent", "Telepon senyap atau terputus", "Silent or dropped call", ["ghost"]),
    ("pocket_dial", "Terpencet", "Dialled by mistake", ["ghost"]),
    ("prank", "Iseng", "Prank", ["prank"]),
    ("informed", "Informasi diberikan", "Information given", ["information"]),
    ("referred", "Diarahkan ke layanan lain", "Referred to another service", ["information"]),
    ("test", "Uji coba", "Test", ["test"]),
)
ICONS = {
    "kebakaran": "fire",
    "ambulans": "ambulance",
    "laka": "car-crash",
    "odgj": "mind",
    "hewan": "snake",
    "pohon": "tree",
    "pju": "street-light",
    "banjir": "flood",
    "laut": "boat",
    "kriminal": "shield",
    "sosial": "people",
    "lain": "dots",
}


def _question(code: str, id: str, en: str, yes: int) -> dict[str, object]:
    answers = [
        {"code": "yes", "name": {"id": "Ya", "en": "Yes"}, "weight": yes},
        {"code": "no", "name": {"id": "Tidak", "en": "No"}, "weight": 0},
        {"code": "unknown", "name": {"id": "Tidak tahu", "en": "Not known"}, "weight": yes // 2},
    ]
    return {"code": code, "name": {"id": id, "en": en}, "answers": answers}


HURT = _question("hurt", "Ada yang terluka?", "Is anybody hurt?", 10)
TRAPPED = _question("trapped", "Ada yang terjebak?", "Is anybody trapped?", 10)
DANGER = _question("danger", "Ada orang dalam bahaya?", "Is anybody in danger?", 10)
ROAD = _question("road", "Jalan tertutup?", "Is the road blocked?", 5)
GUIDES = {
    "kebakaran": [TRAPPED, _question("spreading", "Api merambat?", "Is the fire spreading?", 10), HURT],
    "ambulans": [
        _question("awake", "Pasien tidak sadar?", "Is the patient unconscious?", 10),
        _question("breathing", "Sulit bernapas?", "Is breathing difficult?", 10),
        _question("bleeding", "Perdarahan hebat?", "Is there heavy bleeding?", 10),
    ],
    "laka": [HURT, TRAPPED, ROAD],
    "odgj": [_question("weapon", "Membawa senjata?", "Is there a weapon?", 10), DANGER],
    "hewan": [_question("inside", "Di dalam rumah?", "Is it inside a house?", 5), HURT],
    "pohon": [HURT, ROAD, _question("wires", "Menimpa kabel listrik?", "Is it on power lines?", 10)],
    "pju": [_question("wires", "Kabel terkelupas atau jatuh?", "Are wires bare or down?", 10)],
    "banjir": [TRAPPED, _question("rising", "Air masih naik?", "Is the water still rising?", 10), HURT],
    "laut": [_question("water", "Ada orang di air?", "Is anybody in the water?", 10), HURT],
    "kriminal": [_question("present", "Pelaku masih di lokasi?", "Is the offender still there?", 10), HURT],
    "sosial": [DANGER],
    "lain": [DANGER],
}


def upgrade() -> None:
    """Expand. Reports that were closed before have no disposition, for nobody wrote one down."""
    dispositions = op.create_table(
        "dispositions",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name_id", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("classes", Json, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("disabled_at", Time, nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_dispositions")),
    )
    names = ("code", "name_id", "name_en", "classes")
    rows = [dict(zip(names, one, strict=True)) | {"position": n} for n, one in enumerate(DISPOSITIONS, 1)]
    op.bulk_insert(dispositions, rows)
    op.add_column("reports", sa.Column("disposition", sa.String(length=32), nullable=True))
    op.add_column("reports", sa.Column("caller_told", sa.String(length=16), nullable=True))
    for name in FLAGS:
        op.add_column("reports", sa.Column(f"flag_{name}", sa.Boolean(), nullable=True))
    op.add_column("agencies", sa.Column("is_centre", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("kinds", sa.Column("icon", sa.String(length=32), server_default="", nullable=False))
    for name, empty in (("accept_within_s", "'{}'"), ("guide", "'[]'"), ("thresholds", "'{}'")):
        op.add_column("kinds", sa.Column(name, Json, server_default=sa.text(empty), nullable=False))
    op.add_column("kinds", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("kinds", sa.Column("disabled_at", Time, nullable=True))
    kinds = sa.table("kinds", *(sa.column(name) for name in ("code", "icon")), sa.column("guide", Json),
                     sa.column("thresholds", Json))  # fmt: skip
    for code, guide in GUIDES.items():
        values = {"icon": ICONS[code], "guide": guide, "thresholds": {"P1": 10, "P2": 5}}
        op.execute(kinds.update().where(kinds.c.code == code).values(values))
    op.create_table(
        "guide_answers",
        sa.Column("report_id", Serial, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["kind"], ["kinds.code"], name=op.f("fk_guide_answers_kind")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_guide_answers_report_id")),
        sa.PrimaryKeyConstraint("report_id", "kind", "question", name=op.f("pk_guide_answers")),
    )
    op.create_table(
        "presences",
        sa.Column("report_id", Serial, autoincrement=False, nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("since", Time, nullable=False),
        sa.Column("until", Time, nullable=False),
        sa.Column("writing", sa.String(length=32), nullable=True),
        sa.Column("writing_until", Time, nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_presences_report_id")),
        sa.PrimaryKeyConstraint("report_id", "who", name=op.f("pk_presences")),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("from_user", sa.String(length=128), nullable=False),
        sa.Column("to_user", sa.String(length=128), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_at", Time, nullable=True),
        sa.Column("taken_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index("ix_handovers_waiting", "handovers", ["id"], postgresql_where=WAITING, sqlite_where=WAITING)
    op.create_table(
        "handed_reports",
        sa.Column("handover_id", sa.String(length=36), nullable=False),
        sa.Column("report_id", Serial, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handed_reports_handover_id")),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_handed_reports_report_id")),
        sa.PrimaryKeyConstraint("handover_id", "report_id", name=op.f("pk_handed_reports")),
    )
    op.create_index(op.f("ix_handed_reports_report_id"), "handed_reports", ["report_id"])


def downgrade() -> None:
    """Never: a centre goes forward, or restores its backup."""
    raise RuntimeError("intake112 does not migrate downwards; restore the backup made before the update")
