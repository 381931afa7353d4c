"""What the desk asks of the PBX: a row for the bridge, refused here when nobody could do it now.

What is asked is done within ASKED_WITHIN or not at all: nobody's call may end minutes later because a bridge came back.
The report tells how it ended; a request that broke off says that nobody knows.

Who may act on a caller on the line: whoever talks with them. Where nobody knows who that is (a telephone without a
shift), everybody at the desk. Of a colleague's talk, or of a caller whom nobody has spoken with, `anybodys` alone: a
supervisor, because a desk can die with a caller on its line. The page asks them twice, and the report names them.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Literal

from msgspec.structs import replace

from db import callers, calls, controls, entries, machine_room, reports, seals, shifts
from db.calls import CallRow
from db.controls import ControlRow, End
from db.engine import Reading, Transaction
from db.reports import ReportRow
from intake import numbers, unanswered
from intake.facts import MACHINE
from intake.refusals import (
    AlreadyCallingBackError,
    CallerOnLineError,
    CallerWaitsError,
    CallOverError,
    ControlAwayError,
    ControlMissingError,
    NoCallError,
    NoConsultationError,
    NoNumberError,
    NotTalkingError,
    OthersCallError,
    SeveralPbxsError,
    UnknownControlError,
    UnknownReportError,
)
from intake.shift_refusals import NoDeviceError

TEST_CALL: Final = "test-call"
CALL_BACK: Final = "call-back"  # the action that ends when the line tells so
DESK: Final = "PJSIP/"  # begins the device of a desk's telephone
SERVICE: Final = "control:"  # begins the names of those who can, then the PBX's name
ASKED_WITHIN: Final = timedelta(seconds=10)
MemberAction = Literal["add", "remove", "pause", "unpause"]
ShiftAction = Literal["ready", MemberAction]  # `ready`: added where it is no member, and not paused


WAITS: Final = ("arrived", "queued", "overflow")  # stages of a call that nobody has answered
CONSULTATIONS: Final = ("consult", "consult-cancel", "consult-join", "consult-complete")
ConsultationStep = Literal["cancel", "join", "complete"]

RESULTS: Final = {
    "busy": "nomornya sibuk",
    "no_answer": "tidak diangkat",
    "unreachable": "nomornya tidak dapat dihubungi",
    "cancelled": "ditutup dari meja sebelum diangkat",
    "desk_busy": "telepon meja sibuk",
    "desk_no_answer": "telepon meja tidak diangkat",
    "desk_unreachable": "telepon meja tidak terhubung",
    "call_over": "panggilan sudah berakhir",
    "too_late": "tidak sempat dikerjakan",
    "unknown": "hasilnya tidak diketahui; periksa dahulu sebelum meminta lagi",
}
"""Why what was asked did not happen, in the centre's language, for the report."""

TOLD: Final = {
    "hang-up": ("Panggilan diputus atas permintaan {by}", "Permintaan {by} untuk memutus panggilan gagal: {why}"),
    CALL_BACK: (
        "Ditelepon kembali oleh {by} ({device}): tersambung",
        "Telepon balik oleh {by} ({device}) gagal: {why}",
    ),
    "transfer": ("Dialihkan ke {number} atas permintaan {by}", "Pengalihan oleh {by} ke {number} gagal: {why}"),
    "consult": ("{by} menghubungi {number}; penelepon menunggu", "Permintaan {by} menghubungi {number} gagal: {why}"),
    "consult-cancel": ("Pembicaraan dengan {number} dibatalkan oleh {by}", "Pembatalan oleh {by} gagal: {why}"),
    "consult-join": ("Penelepon disertakan dalam pembicaraan oleh {by}", "Penggabungan oleh {by} gagal: {why}"),
    "consult-complete": ("Penelepon diserahkan oleh {by}", "Penyerahan oleh {by} gagal: {why}"),
}
"""What the report tells of each action when it was done, and when it failed."""


async def test_call(tx: Transaction, pbx: str, arguments: dict[str, str], by: str) -> ControlRow:
    """Ask for a test call over the trunk, whoever could do it now: one that nobody does is a finding too."""
    tx.record(by, "control.asked", pbx, asked=TEST_CALL)
    return await controls.ask(tx, pbx=pbx, action=TEST_CALL, arguments=arguments, by=by)


async def hang_up(tx: Transaction, number: str, by: str, *, anybodys: bool = False) -> ControlRow:
    """Ask for the end of the caller's own channel.

    Raises UnknownReportError, NoCallError, CallOverError, CallerWaitsError, OthersCallError, ControlMissingError,
    ControlAwayError.
    """
    call = await _on_the_line(tx, number, by, anybodys=anybodys)
    if call.stage in WAITS and not anybodys:
        raise CallerWaitsError
    return await _ask(tx, call, number, "hang-up", {"uniqueid": call.uniqueid}, by)


async def transfer(
    tx: Transaction, number: str, to: str, by: str, *, attended: bool, anybodys: bool = False
) -> ControlRow:
    """Ask for a caller who talks to be passed on to a number: at once, or after the desk has asked there (`attended`).

    While the desk asks, the caller hears music. Raises UnknownReportError, NoCallError, CallOverError, OthersCallError,
    NotTalkingError, ControlMissingError, ControlAwayError.
    """
    call = await _on_the_line(tx, number, by, anybodys=anybodys)
    leg = await _desk_leg(tx, call)
    if attended:
        return await _ask(tx, call, number, "consult", {"leg": leg, "number": to}, by)
    return await _ask(tx, call, number, "transfer", {"uniqueid": call.uniqueid, "number": to}, by)


async def consultation(
    tx: Transaction, number: str, step: ConsultationStep, by: str, *, anybodys: bool = False
) -> ControlRow:
    """Ask for an attended transfer under way to be cancelled (the caller is taken back), for the caller to `join` in (a
    conference of three), or for it to be completed (the desk leaves). Raises as `transfer`, and NoConsultationError.
    """
    call = await _on_the_line(tx, number, by, anybodys=anybodys)
    if call.stage != "held" or await controls.last_done(tx, call.report_id, CONSULTATIONS) != "consult":
        raise NoConsultationError
    return await _ask(tx, call, number, f"consult-{step}", {"leg": await _desk_leg(tx, call)}, by)


async def call_back(tx: Transaction, number: str, device: str | None, by: str) -> ControlRow:
    """Ask for a desk's telephone to be rung, and then the caller of a report whose call is over.

    `device` None: the telephone of the asker's own shift. What a person wrote as the caller's number is called before
    the number that rang.
    Raises UnknownReportError, NoCallError, CallerOnLineError, NoNumberError, NoDeviceError, AlreadyCallingBackError,
    ControlMissingError, ControlAwayError.
    """
    report, call = await _call_of(tx, number)
    if call.stage != "ended":
        raise CallerOnLineError
    known = report.caller_number or (call.number if report.caller_number_raw is None else None)
    to = known or numbers.diallable(report.caller_number_raw or call.number_raw)
    if to is None:
        raise NoNumberError
    device = device or await _own_device(tx, by, call.pbx)
    await calls.lock_reports(tx, [report.id])
    if await controls.is_open(tx, report.id, CALL_BACK):
        raise AlreadyCallingBackError
    trunk = (await callers.rules(tx))[0].trunks.get(call.trunk or "")
    if known is not None and trunk is not None:
        to = numbers.outgoing(known, trunk.out)
    row = await _ask(tx, call, number, CALL_BACK, {"device": device, "number": to}, by)
    await unanswered.asked_back(tx, report.id, row)
    return row


async def _own_device(reading: Reading, user: str, pbx: str) -> str:
    """Return the telephone at which somebody has a shift; it must be one of this PBX."""
    shift = await shifts.of_user(reading, user)
    if shift is None:
        raise NoDeviceError
    if shift.pbx != pbx:
        raise NoDeviceError(
            f"The caller rang at {pbx}, and your telephone {shift.device} is one of {shift.pbx}. Send `device`: a "
            f"telephone of {pbx}."
        )
    return shift.device


async def member(
    tx: Transaction,
    queue: str,
    device: str,
    action: ShiftAction,
    by: str,
    *,
    name: str | None,
    pbx: str | None,
    reason: str | None = None,
    interface: str | None = None,
) -> ControlRow:
    """Ask for what is to become of a member of a queue; `pbx` is needed where there are several.

    `reason` is the pause's; `interface` what the PBX says that it rings for the device, where that is something else.

    Raises ControlMissingError, ControlAwayError, SeveralPbxsError.
    """
    pbx = pbx or await _only_pbx(tx)
    await _check(tx, pbx)
    arguments = {"queue": queue, "device": device, "name": name or device}
    arguments |= {"reason": reason} if reason is not None and action == "pause" else {}
    arguments |= {"interface": interface} if interface not in (None, device) else {}
    row = await controls.ask(tx, pbx=pbx, action=f"member-{action}", arguments=arguments, by=by)
    tx.record(by, "control.asked", row.id, asked=row.action, device=device, queue=queue)
    return row


async def found(reading: Reading, control_id: str) -> ControlRow:
    """Return a request. Raises UnknownControlError."""
    row = await controls.find(reading, control_id)
    if row is None:
        raise UnknownControlError
    return row


async def end(
    tx: Transaction, row: ControlRow, state: End, result: str, detail: str, *, known_now: bool = False
) -> None:
    """Save how a request ended; its report tells it. A second end is none, unless what was unknown is `known_now`."""
    if row.report_id is not None:
        await calls.lock_reports(tx, [row.report_id])
    if not await controls.end(tx, row.id, state, result, detail, known_now=known_now):
        return
    tx.record(MACHINE, "control.ended", row.id, asked=row.action, state=state, result=result)
    tx.tell("control", row.id)
    if row.report_id is not None:
        if row.action == "transfer" and state == "done":
            await _passed_on(tx, row, row.report_id)
        await entries.add(tx, row.report_id, MACHINE, _said(row, state, result, detail), automatic=True)
        number, version = (await calls.touch(tx, [row.report_id]))[row.report_id]
        tx.tell("report", number, version)
        if row.action == CALL_BACK:
            await unanswered.called_back(tx, row.report_id, row, state, result)


async def _passed_on(tx: Transaction, row: ControlRow, report_id: int) -> None:
    """Show that nobody at a desk talks to the caller any more, unless somebody has answered since."""
    call = (await calls.by_reports(tx, [report_id]))[report_id]
    since = row.begun_at or row.asked_at
    answered = [leg for leg in await calls.legs_of(tx, call.id) if leg.answered_at and leg.answered_at > since]
    if call.stage in ("talking", "held") and not answered:
        await calls.change(tx, [replace(call, stage="transferred")])
    tx.record(MACHINE, "CallTransfer", row.id, attended=False)


def _said(row: ControlRow, state: End, result: str, detail: str) -> str:
    words = {"by": row.asked_by, "why": RESULTS.get(result, detail), "number": "instansi"} | row.arguments
    return TOLD[row.action][state == "failed"].format_map(words)


async def _call_of(reading: Reading, number: str) -> tuple[ReportRow, CallRow]:
    report = await reports.find(reading, number)
    if report is None:
        raise UnknownReportError
    call = (await calls.by_reports(reading, [report.id])).get(report.id)
    if call is None:
        raise NoCallError
    return report, call


async def _on_the_line(reading: Reading, number: str, by: str, *, anybodys: bool) -> CallRow:
    """Return a call that is not over, on which `by` may act."""
    _, call = await _call_of(reading, number)
    if call.stage == "ended":
        raise CallOverError
    if call.stage not in WAITS and not anybodys:
        talkers = await _talkers(reading, call)
        if not talkers & {None, by}:
            said = f"{', '.join(sorted(filter(None, talkers)))} talks to this caller. "
            raise OthersCallError(f"{said}Ask them, or a supervisor, who can do it.")
    return call


async def _talkers(reading: Reading, call: CallRow) -> set[str | None]:
    """Return who talks with a caller: at which desks, or who answered first where no desk does any more."""
    legs = [leg for leg in await calls.legs_of(reading, call.id) if leg.kind == "operator" and leg.taken]
    return {leg.user for leg in legs if leg.to_at is None} or {call.operator_user}


async def check_ending(reading: Reading, number: str, by: str, *, anybodys: bool) -> None:
    """Check that `by` may close a report: its caller does not talk with a colleague now. Raises OthersCallError."""
    try:
        await _on_the_line(reading, number, by, anybodys=anybodys)
    except (UnknownReportError, NoCallError, CallOverError):
        return  # nobody is on the line


async def _desk_leg(reading: Reading, call: CallRow) -> str:
    """Return the channel of the desk that talks to the caller, the last one that answered."""
    legs = [leg for leg in await calls.legs_of(reading, call.id) if leg.kind == "operator" and leg.taken]
    talking = [leg.key for leg in legs if leg.to_at is None]
    if not talking or call.stage == "queued":
        raise NotTalkingError
    return talking[-1]


async def _ask(
    tx: Transaction, call: CallRow, number: str, action: str, arguments: dict[str, str], by: str
) -> ControlRow:
    await _check(tx, call.pbx)
    row = await controls.ask(tx, pbx=call.pbx, action=action, report_id=call.report_id, arguments=arguments, by=by)
    told = {name: value for name, value in arguments.items() if name not in ("uniqueid", "number")}
    said = {name: value for name, value in arguments.items() if name == "number"}  # a person's: never in the clear
    marks = await seals.marks(tx, call.report_id, said)
    tx.record(by, "control.asked", row.id, asked=action, report=number, marks=marks, **told)
    return row


async def connected(reading: Reading) -> dict[str, bool]:
    """Return the PBXs that somebody may control, and whether it is possible now."""
    found: dict[str, bool] = {}
    for row in await machine_room.services(reading):
        if row.name.startswith(SERVICE):
            pbx = row.name.split(":")[1]
            now = row.state == "connected" and row.is_fresh(reading.now)
            found[pbx] = found.get(pbx, False) or now
    return found


async def _check(reading: Reading, pbx: str) -> None:
    possible = await connected(reading)
    if pbx not in possible:
        raise ControlMissingError
    if not possible[pbx]:
        raise ControlAwayError


async def _only_pbx(reading: Reading) -> str:
    pbxs: Sequence[str] = list(await connected(reading))
    if not pbxs:
        raise ControlMissingError
    if len(pbxs) > 1:
        raise SeveralPbxsError
    return pbxs[0]
