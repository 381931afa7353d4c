"""A test letter to one agency, now: what came of it, and nothing else.

It is signed and sent as every envelope is, to the same door. It is in no outbox, belongs to no report, moves no
dispatch, and is not sent again; the delivery log shows it as a test. An agency that takes the native envelope gets the
type `test.ping`; the other forms have no such word, so it is an exercise of class `test` there, and says so in words.
No transaction is open while it is under way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import delivery_log
from db.agencies import AgencyRow
from db.engine import Database
from db.ids import new_id
from routing import envelope, formats, letters, standing
from routing.clipping import utc
from routing.delivery import Delivered, HttpReceiver, Letter, Outcome, Receiver
from routing.formats import Body
from routing.refusals import NoSystemError
from routing.visible import VisibleReport

TYPE: Final = "test.ping"
WORDS: Final = "UJI COBA sambungan oleh Call Center 112. Ini bukan laporan; tidak perlu tindakan."
NUMBER: Final = "112-00000000-0000"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test letter; `id` was its `webhook-id`."""

    id: str
    outcome: Outcome


async def send(
    database: Database,
    code: str,
    public_url: str,
    by: str,
    *,
    make_receiver: Callable[[str, Sequence[str], str | None], Receiver] = HttpReceiver,
) -> Tried:
    """Send a test letter to an agency, whether it is paused or not, and log what came of it.

    What arrives is a sign of life and lifts the agency's back-off. Raises NoSuchAgencyError, NoSystemError,
    DatabaseUnavailableError.
    """
    async with database.reading() as reading:
        agency, now = await standing.agency_of(reading, code), reading.now
    if not agency.has_system:
        raise NoSystemError
    letter = _letter(agency, now, public_url)
    receiver = make_receiver(agency.url, agency.allow_cidr, agency.ca_pem)
    try:
        outcome = await receiver.deliver(letter)
    finally:
        await receiver.aclose()
    values = {"id": letter.id, "agency_id": agency.id, "by": by[:128], "outcome": outcome.code}
    seen = {"status": outcome.status, "latency_ms": outcome.latency_ms, "detail": outcome.excerpt}
    async with database.transaction() as tx:
        await delivery_log.log_trial(tx, {**values, **seen})
        if isinstance(outcome, Delivered):
            await standing.heard(tx, {agency.id: code})
        tx.record(by, "agency.tested", code, outcome=outcome.code)
        tx.tell("agency", code)
    return Tried(letter.id, outcome)


def _letter(agency: AgencyRow, now: datetime, public_url: str) -> Letter:
    id = new_id(now)
    body = _body(agency, id, now, public_url)
    return letters.to_agency(agency, id, now, body.content_type, body.content)


def _body(agency: AgencyRow, id: str, now: datetime, public_url: str) -> Body:
    form = formats.known(agency.format) or "native"
    if form == "native":
        data = {"agency": agency.code, "exercise": True, "message": WORDS}
        return Body("application/json", envelope.canonical({"type": TYPE, "timestamp": utc(now), "data": data}))
    answer_url = f"{public_url.rstrip('/')}/agency/v1/dispatches/{id}/answers"
    accept_by = now + timedelta(minutes=15)
    return formats.body_in(
        form,
        "dispatch.created",
        now,
        id,
        answer_url,
        accept_by,
        1,
        exercise(now),
        agency=agency.code,
        jurisdiction_id=agency.jurisdiction_id,
    )


def exercise(now: datetime) -> VisibleReport:
    """Return what stands for a report in a letter that is about none."""
    return VisibleReport(
        number=NUMBER,
        version=1,
        status="open",
        classification="test",
        kind=None,
        priority="P3",
        source="test",
        exercise=True,
        opened_at=now,
        caller_number=None,
        caller_number_raw=None,
        caller_name=None,
        location_text=None,
        location_lat=None,
        location_lon=None,
        narrative=WORDS,
    )
