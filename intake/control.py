"""What the desk asks of the PBX: a row for the bridge, refused here when nobody could do it now.

What is asked is done within ASKED_WITHIN or not at all: nobody's call may end minutes later because a bridge came back.
The report tells how it ended; a request that broke off says that nobody knows.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

from db import calls, controls, entries, machine_room, reports
from db.controls import ControlRow, End
from db.engine import Reading, Transaction
from intake.booking import MACHINE
from intake.refusals import (
    CallOverError,
    ControlAwayError,
    ControlMissingError,
    NoCallError,
    SeveralPbxsError,
    UnknownControlError,
    UnknownReportError,
)

SERVICE: Final = "control:"  # begins the names of those who can, then the PBX's name
ASKED_WITHIN: Final = timedelta(seconds=10)
MemberAction = Literal["add", "remove", "pause", "unpause"]


async def hang_up(tx: Transaction, number: str, by: str) -> ControlRow:
    """Ask for the end of the caller's own channel.

    Raises UnknownReportError, NoCallError, CallOverError, ControlMissingError, ControlAwayError.
    """
    report = await reports.find(tx, number)
    if report is None:
        raise UnknownReportError
    call = (await calls.by_reports(tx, [report.id])).get(report.id)
    if call is None:
        raise NoCallError
    if call.stage == "ended":
        raise CallOverError
    await _check(tx, call.pbx)
    arguments = {"uniqueid": call.uniqueid}
    row = await controls.ask(tx, pbx=call.pbx, action="hang-up", report_id=report.id, arguments=arguments, by=by)
    tx.record(by, "control.asked", row.id, asked=row.action, report=number)
    return row


async def member(
    tx: Transaction, queue: str, device: str, action: MemberAction, by: str, *, name: str | None, pbx: str | None
) -> ControlRow:
    """Ask for a member of a queue to be added, removed, paused or unpaused; `pbx` is needed where there are several.

    Raises ControlMissingError, ControlAwayError, SeveralPbxsError.
    """
    pbx = pbx or await _only_pbx(tx)
    await _check(tx, pbx)
    arguments = {"queue": queue, "device": device, "name": name or device}
    row = await controls.ask(tx, pbx=pbx, action=f"member-{action}", arguments=arguments, by=by)
    tx.record(by, "control.asked", row.id, asked=row.action, device=device, queue=queue)
    return row


async def found(reading: Reading, control_id: str) -> ControlRow:
    """Return a request. Raises UnknownControlError."""
    row = await controls.find(reading, control_id)
    if row is None:
        raise UnknownControlError
    return row


async def end(tx: Transaction, row: ControlRow, state: End, result: str, detail: str) -> None:
    """Save how a request ended; its report tells it. A second end is none."""
    if not await controls.end(tx, row.id, state, result, detail):
        return
    tx.record(MACHINE, "control.ended", row.id, asked=row.action, state=state, result=result)
    tx.tell("control", row.id)
    if row.report_id is not None:
        said = f"Panggilan diputus atas permintaan {row.asked_by}"
        if state == "failed":
            said = f"Permintaan {row.asked_by} untuk memutus panggilan gagal: {detail}"
        await entries.add(tx, row.report_id, MACHINE, said, automatic=True)
        number, version = (await calls.touch(tx, [row.report_id]))[row.report_id]
        tx.tell("report", number, version)


async def _connected(reading: Reading) -> dict[str, bool]:
    """Return the PBXs that somebody may control, and whether it is possible now."""
    found: dict[str, bool] = {}
    for row in await machine_room.services(reading):
        if row.name.startswith(SERVICE):
            pbx = row.name.split(":")[1]
            now = row.state == "connected" and row.is_fresh(reading.now)
            found[pbx] = found.get(pbx, False) or now
    return found


async def _check(reading: Reading, pbx: str) -> None:
    possible = await _connected(reading)
    if pbx not in possible:
        raise ControlMissingError
    if not possible[pbx]:
        raise ControlAwayError


async def _only_pbx(reading: Reading) -> str:
    pbxs: Sequence[str] = list(await _connected(reading))
    if not pbxs:
        raise ControlMissingError
    if len(pbxs) > 1:
        raise SeveralPbxsError
    return pbxs[0]
