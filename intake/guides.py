"""Asking by a kind's guide: what the caller answers is an entry, always, and may make the report more urgent."""

from db import guide_answers, seals
from db.choices import kinds
from db.engine import Transaction
from db.reports import ReportRow
from intake import desk, guide
from intake.refusals import NoKindError
from intake.report import Value


async def answer(tx: Transaction, number: str, question: str, said: str, by: str, public_url: str) -> ReportRow:
    """Book an answer to a question of the guide of a report's kind, in place of an earlier one to it.

    Raises UnknownReportError, NoKindError, UnknownQuestionError.
    """
    row = await desk.locked(tx, number)
    kind = None if row.kind is None else await kinds.find(tx, row.kind)
    if kind is None:
        raise NoKindError
    text, weight = guide.asked(kind.guide, question, said)
    weights = {one.question: one.weight for one in await guide_answers.of_report(tx, row.id, kind.code)}
    before, after = sum(weights.values()), sum((weights | {question: weight}).values())
    await guide_answers.save(tx, row.id, kind=kind.code, question=question, answer=said, weight=weight, by=by)
    marks = await seals.marks(tx, row.id, {"answer": said})
    tx.record(by, "guide.answered", number, kind=kind.code, question=question, marks=marks)
    priority = guide.raised(row.priority, kind.priority, before, after, kind.thresholds)
    changes: dict[str, Value] = {} if priority is None else {"priority": priority}
    return await desk.alter(tx, row, changes, by, public_url, f"{text} (bobot {weight}, jumlah {after})")
