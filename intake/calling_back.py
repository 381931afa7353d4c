"""A call back as the line tells it: a leg of its report's call, and the end of the request that asked for it.

The leg begins when the desk's telephone rings, is taken when the caller and the desk hear each other, and ends with the
desk's channel; its key is that channel's uniqueid. The request is done when it is taken, and failed when it is over
without that; what ended as unknown is told again by whoever heard it. The caller's own call is over and stays as it
ended; no report is opened. What is told again is no news.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from msgspec.structs import replace

from db import calls, controls
from db.calls import LegRow
from db.controls import ControlRow
from db.engine import Transaction
from intake import control, on_duty
from intake.facts import MACHINE, CallBackBegan, CallBackFact, CallBackOver, CallBackResult, CallBackTaken

ID: Final = slice(-36, None)  # of the uniqueid: the request's id
DETAILS: Final[dict[CallBackResult, str]] = {
    "busy": "the number is busy",
    "no_answer": "nobody answered there",
    "unreachable": "the number cannot be reached; it may be wrong, or the trunk is down",
    "refused": "the PBX does not dial this number (see OUT_ALLOWED and OUT_AT_ONCE in extensions.conf)",
    "cancelled": "the desk hung up before the caller answered",
    "desk_busy": "the desk's own telephone is busy",
    "desk_no_answer": "nobody took up the desk's own telephone",
    "desk_unreachable": "the desk's own telephone is not there; it may be unplugged or not logged in",
    "unknown": "nobody heard how it ended; look whether it happened before you ask again",
}


async def book(tx: Transaction, facts: Sequence[CallBackFact]) -> None:
    """Save what the line tells of calls back; one that no request asked for is left out."""
    for fact in facts:
        row = await controls.find(tx, fact.key.uniqueid[ID])
        if row is not None and row.report_id is not None and row.action == control.CALL_BACK:
            await _book(tx, row, row.report_id, fact)


async def _book(tx: Transaction, row: ControlRow, report_id: int, fact: CallBackFact) -> None:
    call = (await calls.by_reports(tx, [report_id]))[report_id]
    await calls.by_keys(
        tx, [(call.pbx, call.uniqueid)]
    )  # locked, and then its report: the order of the line's own news
    await calls.lock_reports(tx, [report_id])
    key = fact.key.uniqueid
    leg = next((leg for leg in await calls.legs_of(tx, call.id) if leg.key == key), None)
    match fact:
        case CallBackBegan():
            if leg is None:
                begun = LegRow(
                    call_id=call.id, key=key, kind="callback", device=fact.device, member=None, from_at=fact.at
                )
                await calls.add_legs(tx, [begun])
                await _tell(tx, report_id)
        case CallBackTaken():
            if leg is not None and not leg.taken and row.result in (None, "unknown"):
                user = await on_duty.who(tx, call.pbx, leg.device, fact.at)
                await calls.change_legs(tx, [replace(leg, taken=True, answered_at=fact.at, user=user)])
                tx.record(MACHINE, "CallStateChange", row.id, stage="called-back", device=leg.device)
                await control.end(tx, row, "done", "done", "", known_now=True)
                await _tell(tx, report_id)
        case CallBackOver():
            if leg is not None and leg.to_at is None and (fact.at, fact.cause) != (None, leg.cause):
                await calls.change_legs(tx, [replace(leg, to_at=fact.at, cause=fact.cause)])
                await _tell(tx, report_id)
            if fact.result is not None and not (leg is not None and leg.taken):
                better = fact.result != "unknown"
                await control.end(tx, row, "failed", fact.result, DETAILS[fact.result], known_now=better)
        case _:
            assert_never(fact)


async def _tell(tx: Transaction, report_id: int) -> None:
    number, version = (await calls.touch(tx, [report_id]))[report_id]
    tx.tell("report", number, version)
