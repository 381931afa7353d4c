"""The machines as people see them: five lamps, and alarms in which each thing is said once.

They are made of what `/readyz` says (`health.looked`), so no board can say another thing than it does.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from db import board, machine_room, standings
from db.engine import Reading
from db.machine_room import ServiceRow
from db.standings import StandingRow
from intake import shifts
from intake.api.board_schemas import BoardAlarm, Lamp
from intake.api.schemas import Check, ServiceAlarm
from intake.shifts import ShiftRules
from routing import standing

State = Literal["ok", "warn", "bad", "unknown"]
AGENCY: Final = "agency_"  # such alarms are told with the agency's name and since when
BRIDGE, ROUTING = "bridge", "routing"
TRUNK_BAD: Final = frozenset({"trunk", "registration"})
TRUNK_WARN: Final = frozenset({"silence", "refused", "test_call"})
TRUNK_UNKNOWN: Final = frozenset({"trunk_unwatched"})
QUEUE_WARN: Final = frozenset({"menu", "menu_full", "menu_prompts", "control"})
LANES_BAD: Final = frozenset({"heartbeat", "escalation"})


async def lamps(
    reading: Reading, rules: ShiftRules, checks: Sequence[Check], alarms: Sequence[ServiceAlarm]
) -> list[Lamp]:
    """Return the lamps."""
    codes = {alarm.code for alarm in alarms}
    ami = _of_checks(checks, BRIDGE)
    routing = _of_checks(checks, ROUTING)
    rung = await board.rung(reading, await shifts.heard(reading), rules.queues)
    troubled = sum(bool(standing.alarms_of(row, reading.now)) for row in await standings.every(reading))
    agencies = {code for code in codes if code.startswith(AGENCY)}
    return [
        _lamp("trunk", _trunk(ami, codes), codes & (TRUNK_BAD | TRUNK_WARN | TRUNK_UNKNOWN)),
        _lamp("ami", ami, {BRIDGE} if ami == "bad" else set()),
        _lamp("queue", _queue(ami, rung, codes), codes & QUEUE_WARN, rung if ami == "ok" else None),
        _lamp("database", _of_checks(checks, "database", "schema"), {one.name for one in checks if not one.ok} & DATA),
        _lamp("lanes", _lanes(routing, codes, troubled), (codes & LANES_BAD) | agencies, troubled),
    ]


DATA: Final = frozenset({"database", "schema"})


def _lamp(
    name: Literal["trunk", "ami", "queue", "database", "lanes"],
    state: State,
    codes: Collection[str],
    count: int | None = None,
) -> Lamp:
    return Lamp(name=name, state=state, codes=sorted(codes), count=count)


def _of_checks(checks: Iterable[Check], *names: str) -> State:
    """One that nobody waits for is not known to be well."""
    found = [one.ok for one in checks if one.name.split(":")[0] in names]
    return "unknown" if not found else "ok" if all(found) else "bad"


def _trunk(ami: State, codes: Collection[str]) -> State:
    if ami != "ok":
        return "unknown"
    if TRUNK_BAD & set(codes):
        return "bad"
    if TRUNK_UNKNOWN & set(codes):
        return "unknown"
    return "warn" if TRUNK_WARN & set(codes) else "ok"


def _queue(ami: State, rung: int, codes: Collection[str]) -> State:
    if ami != "ok":
        return "unknown"
    if not rung:
        return "bad"
    return "warn" if QUEUE_WARN & set(codes) else "ok"


def _lanes(routing: State, codes: Collection[str], troubled: int) -> State:
    if routing != "ok":
        return routing
    if LANES_BAD & set(codes):
        return "bad"
    return "warn" if troubled else "ok"


async def told(reading: Reading, checks: Sequence[Check], alarms: Sequence[ServiceAlarm]) -> list[BoardAlarm]:
    """Return what is wrong, the worst first: each thing once, however many processes say it."""
    services = await machine_room.services(reading)
    found = [_failed(check, services, reading.now) for check in checks if not check.ok]
    found += [one for row in await standings.every(reading) for one in _of_agency(row, reading.now)]
    seen: set[tuple[str, str, str]] = set()
    for alarm in alarms:
        source, pbx = _whose(alarm.service)
        key = alarm.code, source, alarm.message
        if alarm.code.startswith(AGENCY) or key in seen:
            continue
        seen.add(key)
        bad = alarm.code in TRUNK_BAD | LANES_BAD
        found.append(_alarm(alarm.code, source, alarm.message, alarm.values, pbx=pbx, bad=bad))
    return sorted(found, key=lambda one: not one.bad)


def _failed(check: Check, services: Sequence[ServiceRow], now: datetime) -> BoardAlarm:
    source, pbx = _whose(check.name)
    same = [row for row in services if row.name == check.name or row.name.startswith(f"{check.name}:")]
    fresh = [row.since for row in same if row.is_fresh(now)]
    since = max(fresh or (row.seen_at for row in same), default=None)
    return _alarm(source, source, check.message, {}, pbx=pbx, bad=True, since=since)


def _of_agency(row: StandingRow, now: datetime) -> list[BoardAlarm]:
    since = {"agency_paused": row.paused_at, "agency_failing": row.failing_since}
    count = {"agency_refuses": row.refused}
    return [
        _alarm(
            one.code,
            ROUTING,
            one.message,
            one.values,
            agency=row.name,
            since=since.get(one.code),
            count=count.get(one.code, row.unsent),
        )
        for one in standing.alarms_of(row, now)
    ]


def _whose(name: str) -> tuple[str, str | None]:
    """Return the part, and of a bridge or its hand the PBX: processes that do the same are one part."""
    source, *rest = name.split(":")
    return source, rest[0] if rest and source in (BRIDGE, "control") else None


def _alarm(
    code: str,
    source: str,
    message: str,
    values: Mapping[str, str | float],
    *,
    pbx: str | None = None,
    bad: bool = False,
    agency: str | None = None,
    since: datetime | None = None,
    count: int | None = None,
) -> BoardAlarm:
    return BoardAlarm(
        code=code,
        source=source,
        pbx=pbx,
        bad=bad,
        agency=agency,
        since=since,
        count=count,
        message=message,
        values=dict(values),
    )
