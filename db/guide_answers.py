"""What callers were asked by a kind's guide, and what they said: the last answer to each question."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from db import tables
from db.engine import Reading, Transaction

g = tables.guide_answers.c


class GuideAnswerRow(Struct, frozen=True):
    """One answer, with the weight that it had when it was given."""

    report_id: int
    kind: str
    question: str
    answer: str
    weight: int
    at: datetime
    by: str


async def of_report(reading: Reading, report_id: int, kind: str) -> list[GuideAnswerRow]:
    """Return what was answered to a kind's guide for a report, the first answer first."""
    statement = select(tables.guide_answers).where(g.report_id == report_id, g.kind == kind).order_by(g.at, g.question)
    return await reading.rows(GuideAnswerRow, statement)


async def save(tx: Transaction, report_id: int, *, kind: str, question: str, answer: str, weight: int, by: str) -> None:
    """Save an answer in place of the one before."""
    given = {"answer": answer, "weight": weight, "at": tx.now, "by": by[:128]}
    statement = (
        tx.insert_or(tables.guide_answers)
        .values(report_id=report_id, kind=kind, question=question, **given)
        .on_conflict_do_update(index_elements=["report_id", "kind", "question"], set_=given)
    )
    await tx.connection.execute(statement)
