"""How we stand with an agency: its back-off, saved and lifted; a pause; sending again; and the alarms of it all.

These functions never commit. An agency's row is locked last, after the report, its dispatches and their envelopes.
Nothing here gives an envelope up, and no deadline waits: whoever does not accept in time goes up the ladder, whether we
could reach them or not.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import astuple

from db import agencies, envelopes, standings
from db.agencies import AgencyRow
from db.engine import Reading, Transaction
from db.machine_room import Alarm
from db.standings import StandingRow
from routing import breaker
from routing.breaker import FAILURES, Backoff
from routing.refusals import (
    AgencyDisabledError,
    AgencyPausedError,
    NoSuchAgencyError,
    NoSystemError,
    NothingToSendError,
)

ACTOR: Final = "routing"


async def backoff(tx: Transaction, agency_id: int) -> Backoff:
    """Lock an agency, and return its back-off."""
    return Backoff(*astuple(await standings.locked(tx, agency_id)))


async def failed(tx: Transaction, agency: AgencyRow, began: datetime, *, is_retry: bool, jitter: float) -> None:
    """Count a try that failed against its agency."""
    before = await backoff(tx, agency.id)
    after = breaker.failed(before, began, tx.now, is_retry=is_retry, jitter=jitter)
    await _save(tx, agency.id, after)
    if before.failures < FAILURES <= after.failures:
        tx.record(ACTOR, "agency.failing", agency.code, failures=after.failures)
    if (before.failures == 0) or (before.failures < FAILURES <= after.failures):
        tx.tell("agency", agency.code)


async def probing(tx: Transaction, agency_id: int, until: datetime) -> None:
    """Let no other retry go before `until`: one is on its way."""
    await standings.save(tx, agency_id, {"retry_after": until})


async def heard(tx: Transaction, who: Mapping[int, str]) -> None:
    """Agencies (codes by id) spoke to us: lift their back-offs, and what waits goes out.

    What one refuses for good keeps its slow schedule, unless it was the breaker that held it back.
    """
    for agency_id, row in (await standings.failing(tx, who)).items():
        before, code = Backoff(*astuple(row)), who[agency_id]
        await _save(tx, agency_id, Backoff())
        await envelopes.make_due(tx, agency_id, refused=before.failures >= FAILURES)
        if before.failures >= FAILURES:
            tx.record(ACTOR, "agency.back", code, failures=before.failures)
        tx.tell("agency", code)
        tx.wake("outbox")


async def pause(tx: Transaction, code: str, reason: str, by: str) -> None:
    """Claim nothing for an agency until somebody resumes it; what is owed stays owed.

    Paused twice, the first time and reason stay. Raises NoSuchAgencyError, NoSystemError.
    """
    agency = await agency_of(tx, code)
    if not agency.has_system:
        raise NoSystemError
    if agency.paused_at is None:
        values = {"paused_at": tx.now, "paused_by": by[:128], "pause_reason": reason}
        await standings.save(tx, agency.id, values)
        tx.record(by, "agency.paused", code)
        tx.tell("agency", code)


async def resume(tx: Transaction, code: str, by: str) -> None:
    """Let an agency have again what it is owed, now. Raises NoSuchAgencyError."""
    agency = await agency_of(tx, code)
    if agency.paused_at is not None:
        made = await envelopes.make_due(tx, agency.id)
        values = {"paused_at": None, "paused_by": None, "pause_reason": None, "retry_after": None}
        await standings.save(tx, agency.id, values)
        tx.record(by, "agency.resumed", code, envelopes=made)
        tx.tell("agency", code)
        tx.wake("outbox")


async def redrive(
    tx: Transaction, code: str, by: str, *, envelope_id: str | None = None, since: datetime | None = None
) -> int:
    """Send again now what failed: one envelope, those made at `since` or later, or all; return how many.

    What waits is due now, under the same `webhook-id`: for its own next try, or for the agency's back-off. Dead ones
    stay so: their report was closed, and a crew must not drive for it because somebody mended a line; `again` sends
    them one report at a time.
    Raises NoSuchAgencyError, NoSystemError, AgencyDisabledError, AgencyPausedError; NothingToSendError for one envelope
    that is none.
    """
    agency = await agency_of(tx, code)
    if not agency.has_system:
        raise NoSystemError
    if agency.disabled_at is not None:
        raise AgencyDisabledError
    if agency.paused_at is not None:
        raise AgencyPausedError
    made = await envelopes.make_due(tx, agency.id, envelope_id=envelope_id, since=since, held=True)
    if envelope_id is not None and not made:
        raise NothingToSendError
    await standings.save(tx, agency.id, {"retry_after": None})
    tx.record(by, "agency.redriven", code, envelope=envelope_id, envelopes=made)
    tx.tell("agency", code)
    tx.wake("outbox")
    return made


async def alarms(reading: Reading) -> list[Alarm]:
    """Return what is wrong with our ways to the agencies now."""
    return [alarm for row in await standings.every(reading) for alarm in alarms_of(row, reading.now)]


def alarms_of(row: StandingRow, now: datetime) -> list[Alarm]:
    """Return what is wrong with our way to one agency."""
    found: list[Alarm] = []
    about: dict[str, str | float] = {"agency": row.name, "unsent": row.unsent}
    if row.disabled_at is not None or row.no_system:
        return found  # somebody decided it, and nothing is owed there
    if row.paused_at is not None:
        said = f"{row.code} is paused since {_time(row.paused_at)} and is owed {row.unsent} envelopes."
        values = about | {"since_at": _time(row.paused_at)}
        found.append(Alarm("agency_paused", f"{said} Telephone it; resume it when it is ready.", values))
    if row.refused:
        said = f"{row.code} refuses {row.refused} envelopes for good (status {row.refused_status})."
        values = about | {"refused": row.refused}
        found.append(Alarm("agency_refuses", f"{said} Telephone it; look at its URL, secret and answers.", values))
    if row.failures_in_a_row >= FAILURES and row.failing_since is not None:
        said = f"{row.code} takes nothing since {_time(row.failing_since)} ({row.failures_in_a_row} tries in a row)."
        values = about | {"since_at": _time(row.failing_since)}
        found.append(Alarm("agency_failing", f"{said} Telephone it; {row.unsent} envelopes wait for it.", values))
    return found


def _time(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


async def _save(tx: Transaction, agency_id: int, backoff: Backoff) -> None:
    values = {
        "failures_in_a_row": backoff.failures,
        "failing_since": backoff.since,
        "retry_after": backoff.retry_after,
    }
    await standings.save(tx, agency_id, values)


async def agency_of(reading: Reading, code: str) -> AgencyRow:
    """Return the agency with this code. Raises NoSuchAgencyError."""
    agency = await agencies.find(reading, code)
    if agency is None:
        raise NoSuchAgencyError
    return agency
