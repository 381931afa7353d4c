"""Routes of shifts: who sits at which telephone, what they wish of it, and what the PBX says."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response
from msgspec.structs import asdict
from pydantic import AfterValidator

from db import people, queue_members
from db import shifts as saved
from db.engine import Reading
from db.queue_members import QueueMemberRow
from db.shifts import ShiftRow
from intake import duty, shifts
from intake.access import Who
from intake.api import bodies, shift_schemas
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.api.operators import ID
from intake.control import DESK
from intake.shift_refusals import NoPersonError, NoShiftError, UnknownShiftError
from intake.shifts import ShiftRules


def _shift_id(text: str) -> str:
    if not re.match(ID, text, re.ASCII):
        raise UnknownShiftError
    return text


ShiftId = Annotated[str, AfterValidator(_shift_id), Path(json_schema_extra={"pattern": ID})]
AGAIN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": shift_schemas.Desk, "description": "You sit there already; this is your shift"}
}


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, rules = context.database, context.shifts
    devices = [f"{DESK}{name}" for name in sorted(rules.desks, key=lambda name: (len(name), name))]  # op2 before op10
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.post("/shift", status_code=201, responses=refusals(*ON_WRITE, 409) | AGAIN)
    async def start(body: shift_schemas.ShiftIn, who: staff, response: Response) -> shift_schemas.Desk:
        """Begin a shift at a telephone: the PBX is asked to ring it.

        409 when somebody sits there, or you sit elsewhere; the message says who, and what to do.
        """
        async with database.transaction() as tx:
            row, begun = await shifts.start(tx, _person(who), body.device, body.pbx, rules)
            shown = await _one(tx, row, rules)
        response.status_code = 201 if begun else 200
        return shown

    @routes.get("/shift", responses=refusals(*ON_READ, 409))
    async def own(who: staff) -> shift_schemas.Desk:
        """Your own shift; 409 when you have none."""
        async with database.reading() as reading:
            row = await saved.of_user(reading, _person(who))
            if row is None:
                raise NoShiftError
            return await _one(reading, row, rules)

    @routes.post("/shift/state", responses=refusals(*ON_WRITE, 409))
    async def wish(body: shift_schemas.WishIn, who: staff) -> shift_schemas.Desk:
        """Ask to be ready, or for a break. What is shown then is what the PBX says; `difference` says where it is
        another thing than what you asked for.
        """
        async with database.transaction() as tx:
            return await _one(tx, await shifts.wish(tx, _person(who), body.state, body.reason), rules)

    @routes.post("/shift/end", responses=refusals(*ON_WRITE, 409))
    async def stop(who: staff, _: bodies.Nothing | None = None) -> shift_schemas.Ended:
        """End your shift: the PBX is asked to ring your telephone no more. Who talks, talks on.

        Open reports that you have not handed over wait as a hand-over to whoever takes them.
        """
        async with database.transaction() as tx:
            await shifts.stop(tx, _person(who))
        return shift_schemas.Ended()

    @routes.post("/shifts/{shift_id}/end", responses=refusals(*ON_WRITE, 404))
    async def stop_others(shift_id: ShiftId, who: supervisor, _: bodies.Nothing | None = None) -> shift_schemas.Ended:
        """End somebody's shift for them, so that another can sit there. For supervisors and administrators."""
        async with database.transaction() as tx:
            await shifts.stop_others(tx, shift_id, who.name)
        return shift_schemas.Ended()

    @routes.get("/desks", responses=refusals(*ON_READ))
    async def desks(_: staff) -> shift_schemas.Desks:
        """Who sits where, and in which state. `live` tells when one changed (`shift`, its telephone)."""
        async with database.reading() as reading:
            shown = await every_desk(reading, rules)
        return shift_schemas.Desks(now=reading.now, desks=shown, devices=devices)

    return routes


async def every_desk(reading: Reading, rules: ShiftRules) -> list[shift_schemas.Desk]:
    """Return every telephone at which somebody sits, or that a queue has."""
    return await _shown(reading, await saved.every_open(reading), rules)


def _person(who: Who) -> str:
    if not who.by_cookie:
        raise NoPersonError
    return who.name


async def _one(reading: Reading, row: ShiftRow, rules: ShiftRules) -> shift_schemas.Desk:
    shown = await _shown(reading, [row], rules)
    return next(one for one in shown if one.shift == row.id)


async def _shown(reading: Reading, rows: Sequence[ShiftRow], rules: ShiftRules) -> list[shift_schemas.Desk]:
    """Return the desks of these shifts, and telephones that queues have without anybody's shift."""
    by_device: dict[tuple[str, str], list[QueueMemberRow]] = defaultdict(list)
    for member in await queue_members.present(reading):
        by_device[member.pbx, member.device].append(member)
    heard = await shifts.heard(reading)
    gone = {row.id for row, _ in await shifts.gone(reading)}
    until = await people.session_ends(reading, [row.user for row in rows]) if rows else {}
    found = []
    for row in rows:
        members = by_device.pop((row.pbx, row.device), [])
        refused = await shifts.refused(reading, row)
        desk = _manned(row, members, rules, heard=row.pbx in heard, gone=row.id in gone, refused=refused)
        found.append(desk.model_copy(update={"session_until": until.get(row.user)}))
    return found + list(_unmanned(by_device, heard))


def _manned(
    row: ShiftRow, members: Sequence[QueueMemberRow], rules: ShiftRules, *, heard: bool, gone: bool, refused: str | None
) -> shift_schemas.Desk:
    now = duty.at_pbx(members)
    told = {"heard": heard, "held": row.held, "confirmed": row.confirmed_at is not None, "owed": row.owed}
    difference = duty.difference(row.wished, now, **told, refused=refused)
    wraps_up = row.state == "wrap-up"
    values = asdict(row) | {
        "shift": row.id,
        "state": "gone" if gone else row.state if heard else "unknown",
        "wrap_up_until": row.since + rules.wrap_up if wraps_up else None,
        "at_pbx": now,
        "difference": None if difference is None else {"code": difference.code, "message": difference.message},
        "queues": [_queue(member) for member in members],
        "session_until": None,
    }
    return shift_schemas.Desk.model_validate(values)


def _unmanned(by_device: dict[tuple[str, str], list[QueueMemberRow]], heard: set[str]) -> Iterator[shift_schemas.Desk]:
    for (pbx, device), members in sorted(by_device.items()):
        now = duty.at_pbx(members)
        nobody = dict.fromkeys(shift_schemas.Desk.model_fields)
        yield shift_schemas.Desk.model_validate(
            nobody
            | {
                "pbx": pbx,
                "device": device,
                "state": now if pbx in heard else "unknown",
                "reason": duty.reason_of(members),
                "since": max(member.at for member in members),
                "at_pbx": now,
                "queues": [_queue(member) for member in members],
            }
        )


def _queue(member: QueueMemberRow) -> dict[str, object]:
    return asdict(member) | {"reason": member.reason or None}
