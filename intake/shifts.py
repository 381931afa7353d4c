"""Shifts: a person at a telephone, from the log-in at a desk to its end, and what both do meanwhile.

What a desk wishes is asked of the PBX by requests (`control`), one after the other; what is shown is what the PBX says
(`on_duty`). A wish that nobody can ask for now is owed, and asked as soon as somebody can (`tend`). What was asked and
broke off is asked again: until the PBX did it, or would not. A shift that is over is owed its telephone's release.

A shift ends with the last session of its person. Who is on a call when it runs out is not gone: the shift ends behind
the call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec.structs import replace

from db import controls, machine_room, people, queue_members, shifts
from db.engine import Reading, Transaction
from db.queue_members import QueueMemberRow
from db.shifts import ShiftRow
from intake import control, duty, handing_over, on_duty
from intake.control import ShiftAction
from intake.duty import Wish
from intake.facts import MACHINE
from intake.refusals import ControlAwayError, ControlMissingError, SeveralPbxsError
from intake.shift_refusals import AtOtherDeskError, DeskTakenError, NoDeskError, NoShiftError, UnknownShiftError

BRIDGE: Final = "bridge:"
SHIFT_OVER: Final = "shift over"
WRAP_UP: Final = "wrap-up"


@dataclass(frozen=True, slots=True)
class ShiftRules:
    """The queues of the line, the desks' PJSIP endpoints, and how long who has talked is left to write.

    `pauses`: meanwhile the PBX rings that telephone for nobody.
    """

    queues: frozenset[str] = frozenset({"112"})
    desks: frozenset[str] = frozenset(f"op{number}" for number in range(1, 9))
    wrap_up: timedelta = timedelta(seconds=60)
    pauses: bool = False


# -- at the desk -------------------------------------------------------------------------------------------------------


async def start(tx: Transaction, user: str, device: str, pbx: str | None, rules: ShiftRules) -> tuple[ShiftRow, bool]:
    """Begin somebody's shift at a telephone; the same one again is that shift, and False.

    Raises NoDeskError, AtOtherDeskError, DeskTakenError, ControlMissingError, SeveralPbxsError.
    """
    if device.removeprefix(control.DESK) not in rules.desks:
        raise NoDeskError(f"{device} is the telephone of none of INTAKE112_DESKS.")
    pbx = pbx or await _only_pbx(tx)
    await people.lock_user(tx, user)  # before any shift, like who changes people; the new shift's key needs it
    await end_gone(tx)
    members = await queue_members.of_device(tx, pbx, device)
    now = duty.at_pbx(members)
    row = await shifts.begin(tx, user=user, pbx=pbx, device=device, queues=rules.queues, state=now)
    if row is None:
        return await _taken(tx, user, device, pbx), False
    await shifts.next_state(tx, row.id, now, None, None, tx.now, user)
    on_duty.note(tx, user, row, "shift begun")
    row = await _carry_out(tx, row, members, user)
    return await on_duty.follow(tx, row, user), True


async def _taken(tx: Transaction, user: str, device: str, pbx: str) -> ShiftRow:
    own = await shifts.of_user(tx, user)
    if own is not None and (own.pbx, own.device) == (pbx, device):
        return own
    if own is not None:
        raise AtOtherDeskError(f"You sit at {own.device}. End that shift first, then begin one at {device}.")
    other = await shifts.at_device(tx, pbx, device)
    who = "Somebody" if other is None else f"{other.user} (since {other.begun_at.isoformat(timespec='minutes')})"
    raise DeskTakenError(
        f"{who} sits at {device}. Take another telephone, or have them end their shift; a supervisor can end it for "
        "them, by POST /api/v1/shifts/{id}/end with the id that GET /api/v1/desks shows. Then begin yours."
    )


async def wish(tx: Transaction, user: str, wished: Wish, reason: str | None) -> ShiftRow:
    """Take what somebody wishes for their telephone, and ask the PBX for it; a wrap-up is over by it.

    Raises NoShiftError.
    """
    row = await _own(tx, user)
    reason = reason if wished == "break" else None
    news = {"wished": wished, "wished_reason": reason, "wished_at": tx.now, "confirmed_at": None, "held": False}
    await shifts.change(tx, row.id, **news)
    row = replace(row, **news)
    row = await _carry_out(tx, row, await queue_members.of_device(tx, row.pbx, row.device), user)
    on_duty.note(tx, user, row, f"asked for {wished}")
    return await on_duty.follow(tx, row, user, wrapped=True)


async def stop(tx: Transaction, user: str) -> None:
    """End one's own shift; open reports are left to whoever takes them. Raises NoShiftError."""
    await handing_over.leave(tx, user, user)
    await _end(tx, await _own(tx, user), "self", user)


async def stop_others(tx: Transaction, shift_id: str, supervisor: str) -> None:
    """End somebody's shift for them, like `stop`. Raises UnknownShiftError."""
    seen = await shifts.look(tx, shift_id)
    if seen is None or seen.ended_at is not None:
        raise UnknownShiftError
    await handing_over.leave(tx, seen.user, supervisor)
    row = await shifts.find(tx, shift_id)
    if row is None or row.ended_at is not None:
        raise UnknownShiftError
    await _end(tx, row, "supervisor", supervisor)


async def end_gone(tx: Transaction, left: str | None = None) -> None:
    """End the shifts of all who are logged in nowhere any more; `left` is who just logged out."""
    found = await gone(tx, left)
    for seen, how in found:  # all reports before the first shift
        await handing_over.leave(tx, seen.user, _by(how, left))
    for seen, how in found:
        row = await shifts.find(tx, seen.id)
        if row is not None and row.ended_at is None:
            await _end(tx, row, how, _by(how, left))


def _by(how: str, left: str | None) -> str:
    return left if how == "logged out" and left is not None else MACHINE


async def gone(reading: Reading, left: str | None = None) -> list[tuple[ShiftRow, str]]:
    """Return the open shifts of who is gone, and how they went."""
    found = [
        (row, "disabled" if disabled else "logged out" if row.user == left else "session over")
        for row, disabled in await shifts.gone(reading)
    ]
    return [(row, how) for row, how in found if not (how == "session over" and row.state == "talking")]


async def _own(tx: Transaction, user: str) -> ShiftRow:
    found = await shifts.of_user(tx, user)
    row = None if found is None else await shifts.find(tx, found.id)
    if row is None or row.ended_at is not None:
        raise NoShiftError
    return row


async def _end(tx: Transaction, row: ShiftRow, how: str, by: str) -> None:
    asked = await _release(tx, row, by)
    ending = {"ended_at": tx.now, "ended_how": how, "ended_by": by}
    await shifts.change(tx, row.id, **ending, asked=asked or [], owed=True, held=False)
    await shifts.next_state(tx, row.id, None, None, None, max(tx.now, row.since), by)
    on_duty.note(tx, by, row, "shift ended", how=how)
    tx.wake(shifts.TOPIC)


# -- what is asked of the PBX ------------------------------------------------------------------------------------------


async def _carry_out(tx: Transaction, row: ShiftRow, members: Sequence[QueueMemberRow], by: str) -> ShiftRow:
    """Ask for what is wished, in each queue."""
    action: ShiftAction = "pause" if row.wished == "break" else "ready"
    requests = [(queue, action) for queue in row.queues]
    asked = await _ask(tx, row, members, requests, by, row.wished_reason)
    news = {"asked": asked or [], "owed": asked is None}
    await shifts.change(tx, row.id, **news)
    return replace(row, **news)


async def _release(tx: Transaction, row: ShiftRow, by: str) -> list[str] | None:
    """Ask for a telephone to be rung no more, and return the requests' ids; None: nobody can ask now."""
    members = await queue_members.of_device(tx, row.pbx, row.device)
    fixed = {member.queue for member in members if member.there and member.membership != "dynamic"}
    requests: list[tuple[str, ShiftAction]] = [(queue, "pause" if queue in fixed else "remove") for queue in row.queues]
    return await _ask(tx, row, members, requests, by, SHIFT_OVER)


async def _ask(
    tx: Transaction,
    row: ShiftRow,
    members: Sequence[QueueMemberRow],
    requests: Sequence[tuple[str, ShiftAction]],
    by: str,
    reason: str | None,
) -> list[str] | None:
    """Make requests, and return their ids; None: nobody could do them now, and none was made."""
    rung = {member.queue: member.interface for member in members if member.there}
    name = row.user.translate({ord(sign): " " for sign in ",|;"})
    asked: list[str] = []
    try:
        for queue, action in requests:
            who = {"name": name, "pbx": row.pbx, "reason": reason, "interface": rung.get(queue)}
            asked.append((await control.member(tx, queue, row.device, action, by, **who)).id)
    except (ControlMissingError, ControlAwayError):  # at the first, or at none
        return None
    return asked


# -- what time does ----------------------------------------------------------------------------------------------------


async def is_due(reading: Reading, rules: ShiftRules) -> bool:
    """Tell whether `tend` has something to do."""
    looked_at = await shifts.tended(reading)
    if any(is_gone for row, is_gone in looked_at if row.ended_at is None) and await gone(reading):
        return True
    found = [row for row, _ in looked_at if row.ended_at is None]
    if any(_wrap_up_due(row, rules, reading.now) for row in found):
        return True
    owed = [row for row in found if await _is_owed(reading, row)]
    over = [(row, await _released(reading, row)) for row, _ in looked_at if row.ended_at is not None]
    possible = await control.connected(reading) if owed or over else {}
    return any(possible.get(row.pbx, False) for row in owed) or any(
        how == "yes" or (how == "no" and possible.get(row.pbx, False)) for row, how in over
    )


async def _is_owed(reading: Reading, row: ShiftRow) -> bool:
    """Tell whether an open shift's wish is to be asked: nobody could, or what was asked broke off."""
    if row.owed or row.confirmed_at is not None or row.held:
        return row.owed
    return any(one.broke_off for one in await controls.every(reading, row.asked))


async def _released(reading: Reading, row: ShiftRow) -> Literal["yes", "asked", "no"]:
    """Tell whether the PBX was asked to let go of the telephone of a shift that is over, and did, or would not."""
    found = await controls.every(reading, row.asked)
    asked = [one for one in found if row.ended_at is not None and one.asked_at >= row.ended_at]
    if any(one.ended_at is None for one in asked):
        return "asked"
    return "yes" if asked and not any(one.broke_off for one in asked) else "no"


def _wrap_up_due(row: ShiftRow, rules: ShiftRules, now: datetime) -> bool:
    if row.state != WRAP_UP:
        return row.held
    return now - row.since >= rules.wrap_up or (rules.pauses and not row.held and row.wished == "ready")


async def tend(tx: Transaction, rules: ShiftRules) -> None:
    """Do what is due: end the shifts of who is gone, end wrap-ups, ask the PBX for what nobody could ask before."""
    found = await shifts.lock_all(tx)
    await end_gone(tx)
    possible = await control.connected(tx)
    for seen in found:
        row = await shifts.find(tx, seen.id)
        if row is None:
            continue
        can_ask = possible.get(row.pbx, False)
        if row.ended_at is not None:
            await _see_released(tx, row, can_ask=can_ask)
            continue
        members = await queue_members.of_device(tx, row.pbx, row.device)
        if can_ask and await _is_owed(tx, row):
            row = await _carry_out(tx, row, members, MACHINE)
        if _wrap_up_due(row, rules, tx.now):
            await _wrap_up(tx, row, members, rules)


async def _see_released(tx: Transaction, row: ShiftRow, *, can_ask: bool) -> None:
    """Take a telephone out of the queue at last, unless somebody sits there again."""
    how = await _released(tx, row)
    if how == "yes" or await shifts.at_device(tx, row.pbx, row.device) is not None:
        await shifts.change(tx, row.id, owed=False)
    elif how == "no" and can_ask and (asked := await _release(tx, row, MACHINE)) is not None:
        await shifts.change(tx, row.id, asked=asked)


async def _wrap_up(tx: Transaction, row: ShiftRow, members: Sequence[QueueMemberRow], rules: ShiftRules) -> None:
    """Hold a telephone that wraps up, where the centre wants that, or let it ring again and end the wrap-up."""
    is_over = row.state == WRAP_UP and tx.now - row.since >= rules.wrap_up
    if row.state == WRAP_UP and not is_over:
        await _ask(tx, row, members, [(queue, "pause") for queue in row.queues], MACHINE, WRAP_UP)
        await shifts.change(tx, row.id, held=True)  # whether or not it could be asked: it is a courtesy
        return
    if row.held:
        await shifts.change(tx, row.id, held=False, confirmed_at=None)
        row = await _carry_out(tx, replace(row, held=False, confirmed_at=None), members, MACHINE)
    await on_duty.follow(tx, row, MACHINE, wrapped=True)


async def heard(reading: Reading) -> set[str]:
    """Return the PBXs whose members are told at this moment."""
    bridges = [row for row in await machine_room.services(reading) if _is_bridge(row.name)]
    return {row.name.split(":")[1] for row in bridges if row.state == "connected" and row.is_fresh(reading.now)}


async def refused(reading: Reading, row: ShiftRow) -> str | None:
    """Return why the last that was asked for did not happen; None: it did, or nobody knows yet."""
    found = [await controls.find(reading, one) for one in row.asked]
    failed = [one for one in found if one is not None and one.state == "failed"]
    return failed[-1].detail or failed[-1].result if failed else None


def _is_bridge(name: str) -> bool:
    return name.startswith(BRIDGE)


async def _only_pbx(reading: Reading) -> str:
    """Return the one PBX there is, whether or not anybody can control it."""
    found = {row.name.split(":")[1] for row in await machine_room.services(reading) if _is_bridge(row.name)}
    found |= set(await control.connected(reading))
    if not found:
        raise ControlMissingError
    if len(found) > 1:
        raise SeveralPbxsError
    return found.pop()
