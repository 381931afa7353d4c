"""What an agency says to a dispatch: one use case for the API, the 2xx body, the phone page and the operator.

Delivered is not accepted: only an answer tells that a person has it. Every answer is kept as it came; it moves the
dispatch when it is a step forward (`steps`) and changes nothing when it is late or repeated. A hundred equal answers at
once are one step and one audit row. An answer implies that the dispatch was delivered, however it got there; its
envelope is still owed until the receiver takes it.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from db import dispatches, reports
from db.dispatches import DispatchRow
from db.engine import Transaction
from routing import standing
from routing.refusals import UnknownDispatchError
from routing.steps import AnswerWord, answer_word, step

LONGEST_NOTE = 4000
LONGEST_NAME = 160
GREATEST_SEQUENCE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what, by whom, when by the agency's own clock, and its own count of answers."""

    answer: AnswerWord
    by: str | None = None
    at: datetime | None = None
    sequence: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What an answer did: `applied` False means it was kept and changed nothing (then `after` equals `before`)."""

    applied: bool
    before: DispatchRow
    after: DispatchRow


async def book(
    tx: Transaction, dispatch_id: str, agency_id: int | None, answer: Answer, actor: str | None = None
) -> Booked:
    """Book an answer of this agency (None: the centre's own people, who may speak for any).

    `actor` is who books it, for the audit; not given, it is the agency. Another agency's dispatch is as unknown as one
    that does not exist. Raises UnknownDispatchError.
    """
    report_id = await dispatches.report_of(tx, dispatch_id)
    if report_id is None:
        raise UnknownDispatchError
    await reports.lock(tx, report_id)
    before = await dispatches.find(tx, dispatch_id)
    if before is None or agency_id not in (None, before.agency_id):
        raise UnknownDispatchError
    new = step(before.state, answer.answer)
    by, note = _kept(answer.by, LONGEST_NAME), _kept(answer.note, LONGEST_NOTE)
    logged = {"answer": answer.answer, "by": by, "at": answer.at, "sequence": answer.sequence, "note": note}
    await dispatches.log_answer(tx, dispatch_id, {**logged, "applied": new is not None})
    if agency_id is not None:
        await standing.heard(tx, agency_id, before.agency)
    if new is None:
        return Booked(applied=False, before=before, after=before)
    times = {name: tx.now for name in ("sent_at", "delivered_at") if getattr(before, name) is None}
    escalate_at = tx.now if new == "rejected" else None  # whoever accepts ends the ladder
    values = {**times, "state": new, f"{new}_at": tx.now, "answered_by": by, "note": note, "escalate_at": escalate_at}
    await dispatches.change(tx, dispatch_id, values)
    tx.record(actor or before.agency, f"dispatch.{new}", dispatch_id, report=before.report, agency=before.agency)
    await reports.touch(tx, report_id)
    after = await dispatches.find(tx, dispatch_id)
    if after is None:
        raise AssertionError("a locked dispatch is not there")
    return Booked(applied=True, before=before, after=after)


def parse(body: bytes) -> Answer | None:
    """Return the answer that a 2xx body holds, or None when it is not an answer in every field."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or (word := answer_word(found.get("answer"))) is None:
        return None
    by, at, sequence, note = (found.get(name) for name in ("by", "at", "sequence", "note"))
    time = _time(at) if isinstance(at, str) else None
    sound = (
        (by is None or isinstance(by, str))
        and (note is None or isinstance(note, str))
        and (at is None or time is not None)
        and (sequence is None or (type(sequence) is int and 0 <= sequence <= GREATEST_SEQUENCE))
    )
    return Answer(word, by, time, sequence, note) if sound else None


def _time(text: str) -> datetime | None:
    """Return an RFC 3339 time; one without a zone is a guess and is refused."""
    if not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text, re.ASCII):
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _kept(text: str | None, longest: int) -> str | None:
    """Return the text as every database can keep it: no NUL, no half characters, no longer than the column."""
    if text is None:
        return None
    return text[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
