"""What agencies answer: booked for the dispatch, told in the report, and the status that follows from it.

One use case, whichever way the answer came: by the API with a token or a signature, in the 2xx body, by the phone page,
by telephone. Like those of `desk`: in the caller's open transaction, and it never commits.
"""

from typing import assert_never

from db import agencies, entries, reports, seals
from db.engine import Transaction
from db.states import FINISHED
from intake import desk
from intake.words import storable
from routing import answers
from routing.answers import Answer, Booked, Via

ANSWERS = {
    "accepted": "menerima laporan ini",
    "rejected": "menolak laporan ini",
    "en_route": "berangkat ke lokasi",
    "on_scene": "tiba di lokasi",
    "resolved": "menyatakan selesai",
}
BUT = {
    "rejected": ", padahal sebelumnya menolak: hubungi lewat telepon",
    "cancelled": ", padahal penugasannya sudah dibatalkan: hubungi lewat telepon",
}
BUT_AT_WORK = ", padahal sebelumnya menerima: hubungi lewat telepon"


async def answered(tx: Transaction, dispatch_id: str, agency_id: int | None, answer: Answer) -> None:
    """Book what an agency says in the 2xx body that takes a webhook. See `book_answer`."""
    await book_answer(tx, dispatch_id, agency_id, answer, via="body")


async def book_answer(
    tx: Transaction,
    dispatch_id: str,
    agency_id: int | None,
    answer: Answer,
    actor: str | None = None,
    *,
    via: Via = "api",
    key: str | None = None,
) -> Booked:
    """Book an answer, however it came (`via`), and return what it did; see `routing.answers`.

    `agency_id` None: the centre's own people speak for the agency, and `actor` is who. What moves the dispatch, and
    what is news though it does not, is an entry of the report; of such news people are told like of an escalation.
    Raises UnknownDispatchError, AnswerKeyUsedError, TooManyAnswersError.
    """
    booked = await answers.book(tx, dispatch_id, agency_id, answer, actor, via=via, key=key)
    if booked.again or not (booked.applied or booked.news):
        return booked
    after = booked.after
    name = next((agency.name for agency in await agencies.every(tx) if agency.code == after.agency), after.agency)
    by = f" ({answer.by})" if answer.by else ""
    note = f": {answer.note}" if answer.note else "."
    but = BUT.get(booked.before.state, BUT_AT_WORK) if booked.contradicts else ""
    text = storable(f"{name}{by} {ANSWERS[answer.answer]}{_way(via, actor)}{but}{note}")
    await entries.add(tx, after.report_id, actor or name[:128], text, automatic=True)
    if booked.news:
        marks = await seals.marks(tx, after.report_id, answers.words(answer))
        tx.record(
            actor or after.agency, "dispatch.told", after.id, report=after.report, answer=answer.answer, marks=marks
        )
        await reports.touch(tx, after.report_id)
        tx.tell("escalation", after.id)
    elif after.state in FINISHED:
        await desk.ended(tx, await reports.lock(tx, after.report_id), after, actor or after.agency)
    return booked


def _way(via: Via, actor: str | None) -> str:
    """Return how an answer came, where a reader of the report should know."""
    match via:
        case "telephone":
            return f", lewat telepon, dicatat oleh {actor}"
        case "page":
            return ", lewat halaman ponsel"
        case "api" | "signed" | "body":
            return ""
        case _:
            assert_never(via)
