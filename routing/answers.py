"""What an agency says to a dispatch: one use case for the API, the 2xx body, the phone page and the operator.

Delivered is not accepted: only an answer tells that a person has it. Every answer is kept as it came; it moves the
dispatch when it is a step forward (`steps`) and changes nothing when it is late or repeated. A hundred equal answers at
once are one step and one audit row. An answer implies that the dispatch was delivered, however it got there; its
envelope is still owed until the receiver takes it. Whatever is said, the agency was heard (`silence`), unless all that
spoke is its machine: a 2xx body that says nothing new. When it was its system that spoke, its back-off is lifted
(`standing`): a telephone says nothing of that.

An answer that moves nothing may yet be news: one that contradicts the state ("we cannot", of an agency at work), or
that has a note nobody has read. The state stays, and people are told. Who was at work and cannot is followed by the
next of the ladder like one that rejected at first. What moves nothing is kept up to MOST_KEPT answers of a dispatch; a
step is booked however many there are.

An answer may come with a key of the agency's choice (a signed one always does, its `webhook-id`). The same key again is
the same answer sent again: it is not kept twice, and the result is that of the first time.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from db import answers, dispatches, duplicates, reports, seals
from db.answers import AnswerRow
from db.dispatches import DispatchRow
from db.engine import Transaction
from db.reports import ReportRow
from db.states import AT_WORK, NOT_LIVE
from routing import rules, silence, standing
from routing.refusals import AnswerKeyUsedError, TooManyAnswersError, UnknownDispatchError
from routing.steps import AnswerWord, answer_word, step

LONGEST_NOTE = 4000
LONGEST_NAME = 160
GREATEST_SEQUENCE = 2**63 - 1
MOST_KEPT: Final = 200
Via = Literal["api", "signed", "body", "page", "telephone"]
BY_SYSTEM: Final[frozenset[Via]] = frozenset({"api", "signed"})  # a body is heard by the lane that it came to
COUNTED: Final[frozenset[Via]] = frozenset({"api", "signed", "page"})  # of the others there are few


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
    """What an answer did: `applied` False means it was kept and moved nothing; `again`: its key came before.

    Of an answer that came again `applied` is what it was the first time, and nothing was done this time. `news`: it
    moved nothing, and people have to read it; `contradicts`: it does not fit the state.
    """

    applied: bool
    before: DispatchRow
    after: DispatchRow
    again: bool = False
    news: bool = False
    contradicts: bool = False


async def book(
    tx: Transaction,
    dispatch_id: str,
    agency_id: int | None,
    answer: Answer,
    actor: str | None = None,
    *,
    via: Via = "api",
    key: str | None = None,
) -> Booked:
    """Book an answer of this agency (None: the centre's own people, who may speak for any).

    `actor` is who at the centre books it; not given, it is the agency itself. `via` is how it came, `key` the
    idempotency key it came with. Another agency's dispatch is as unknown as one that does not exist.
    Raises UnknownDispatchError, AnswerKeyUsedError, TooManyAnswersError.
    """
    report = await duplicates.lock_of_dispatch(tx, dispatch_id)
    if report is None:
        raise UnknownDispatchError
    before = await dispatches.find(tx, dispatch_id)
    if before is None or agency_id not in (None, before.agency_id):
        raise UnknownDispatchError
    by, note = _kept(answer.by, LONGEST_NAME), _kept(answer.note, LONGEST_NOTE)
    said: dict[str, object] = {
        "answer": answer.answer,
        "by": by,
        "at": answer.at,
        "sequence": answer.sequence,
        "note": note,
    }
    hashed = None if key is None else key_hash(via, key)
    if hashed is not None and (first := await answers.with_key(tx, before.agency_id, hashed)) is not None:
        if not _is_the_same(first, dispatch_id, said):
            raise AnswerKeyUsedError
        return Booked(first.applied, before, before, again=True)
    new = step(before.state, answer.answer)
    if new is None and via in COUNTED and await answers.count(tx, dispatch_id) >= MOST_KEPT:
        raise TooManyAnswersError
    earlier = await answers.of_dispatch(tx, dispatch_id) if new is None else []
    came: dict[str, object] = {"applied": new is not None, "via": via, "recorded_by": actor, "key": hashed}
    if not await answers.add(tx, dispatch_id, before.agency_id, said | came):
        raise AnswerKeyUsedError  # for another dispatch: this one's report is locked
    if agency_id is not None and via in BY_SYSTEM:
        await standing.heard(tx, {agency_id: before.agency})
    who = actor or (f"{before.agency} (page)" if via == "page" else before.agency)
    if new is None:
        contradicts = (answer.answer == "rejected") is not (before.state in NOT_LIVE)
        repeats = bool(earlier) and earlier[-1].answer == answer.answer
        news = (contradicts and not repeats) or (bool(note) and note not in [one.note for one in earlier])
        if via != "body":
            await heard(tx, report, before, who)
        if news and contradicts and before.state in AT_WORK:
            unfollowed = {"escalate_at": tx.now, "escalation": min(before.escalation, 1)}
            await dispatches.change(tx, dispatch_id, unfollowed)
        after = await _found(tx, dispatch_id)
        return Booked(applied=False, before=before, after=after, news=news, contradicts=contradicts)
    times = {name: tx.now for name in ("sent_at", "delivered_at") if getattr(before, name) is None}
    look_at = await _speaks_until(tx, report) if new in AT_WORK else None
    escalate_at = tx.now if new == "rejected" else look_at  # whoever accepts ends the ladder
    values = {**times, "state": new, f"{new}_at": tx.now, "answered_by": by, "note": note, "escalate_at": escalate_at}
    await dispatches.change(tx, dispatch_id, {**values, "heard_at": tx.now, "asked": 0})
    marks = await seals.marks(tx, report.id, words(answer))
    tx.record(who, f"dispatch.{new}", dispatch_id, report=before.report, agency=before.agency, via=via, marks=marks)
    await reports.touch(tx, report.id)
    return Booked(applied=True, before=before, after=await _found(tx, dispatch_id))


def words(answer: Answer) -> dict[str, object]:
    """Return what a person said in an answer, as it is kept, by the field's name."""
    said = {"by": _kept(answer.by, LONGEST_NAME), "note": _kept(answer.note, LONGEST_NOTE)}
    return {name: value for name, value in said.items() if value}


def key_hash(via: Via, key: str) -> str:
    """Return what is kept of an idempotency key: keys are of any length and may hold what no database can keep."""
    return hashlib.sha256(f"{via}:{key}".encode("utf-8", "replace")).hexdigest()


def _is_the_same(first: AnswerRow, dispatch_id: str, said: dict[str, object]) -> bool:
    return first.dispatch_id == dispatch_id and all(getattr(first, name) == value for name, value in said.items())


async def heard(tx: Transaction, report: ReportRow, before: DispatchRow, who: str) -> None:
    """Note that an agency at work spoke, though it moved nothing: it is not silent, and not asked for a while."""
    if before.state not in AT_WORK:
        return
    values = {"heard_at": tx.now, "asked": 0, "escalate_at": await _speaks_until(tx, report)}
    await dispatches.change(tx, before.id, values)
    if before.asked:
        tx.record(who, "dispatch.heard", before.id, report=before.report, agency=before.agency)
        await reports.touch(tx, report.id)


async def _speaks_until(tx: Transaction, report: ReportRow) -> datetime:
    """Return when an agency that spoke now is next to be heard, by the most urgent of the reports that are joined."""
    group = await duplicates.group(tx, report)
    return silence.speaks_until(rules.most_urgent(*(one.priority for one in group)), tx.now)


async def _found(tx: Transaction, dispatch_id: str) -> DispatchRow:
    row = await dispatches.find(tx, dispatch_id)
    if row is None:
        raise AssertionError("a locked dispatch is not there")
    return row


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
