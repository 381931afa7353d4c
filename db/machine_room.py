"""What the machines say of themselves: heartbeats with figures and alarms, and what each bridge knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from db import tables
from db.engine import Reading, Transaction

FRESH_FOR = timedelta(seconds=15)  # services speak every 5 s


def _saving(insert: Any) -> Any:
    statement = insert(tables.bridge_states)
    news = {name: statement.excluded[name] for name in ("state", "updated_at")}
    return statement.on_conflict_do_update(index_elements=["bridge"], set_=news)


def _beating(insert: Any) -> Any:
    statement, s = insert(tables.services), tables.services.c
    said = statement.excluded
    news = {name: said[name] for name in ("state", "detail", "figures", "alarms", "seen_at")}
    since = case((s.state == said.state, s.since), else_=said.since)
    return statement.on_conflict_do_update(index_elements=["name"], set_=news | {"since": since})


_beat = {"sqlite": _beating(sqlite.insert), "postgresql": _beating(postgresql.insert)}
_save_state = {"sqlite": _saving(sqlite.insert), "postgresql": _saving(postgresql.insert)}


Values = Mapping[str, str | float]


class Alarm(Struct, frozen=True):
    """What is wrong with a service now: a code for programs, and a sentence that says what to do.

    `values` is what a page needs to say it in its own words: times (`…_at`, ISO 8601), seconds (`…_s`), names, counts.
    """

    code: str
    message: str
    values: Values = {}  # msgspec copies an empty default


class ServiceRow(Struct, frozen=True):
    """A service's word about itself: since when it is in `state`, and when it last said so."""

    name: str
    state: str
    detail: str
    figures: dict[str, float]
    alarms: tuple[Alarm, ...]
    since: datetime
    seen_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether it has spoken within the time it promised."""
        return now - self.seen_at <= FRESH_FOR


async def state_of(reading: Reading, bridge: str) -> str | None:
    """Return the state that a bridge last saved, or None for a new one."""
    table = tables.bridge_states
    found = await reading.connection.execute(select(table.c.state).where(table.c.bridge == bridge))
    return found.scalar_one_or_none()


async def newest_state(reading: Reading, prefix: str) -> str | None:
    """Return the state saved last by any bridge whose name begins with `prefix`, or None."""
    s = tables.bridge_states.c
    own = select(s.state).where(s.bridge.startswith(prefix, autoescape=True))
    return (await reading.connection.execute(own.order_by(s.updated_at.desc()).limit(1))).scalar_one_or_none()


async def save_state(tx: Transaction, bridge: str, state: str) -> None:
    """Save a bridge's whole state; belongs in the transaction of the facts it goes with."""
    row = {"bridge": bridge, "state": state, "updated_at": tx.now}
    await tx.connection.execute(_save_state[tx.connection.dialect.name], row)


async def beat(
    tx: Transaction,
    name: str,
    state: str,
    detail: str,
    figures: Mapping[str, float] | None = None,
    alarms: Sequence[Alarm] = (),
) -> None:
    """Save what a service says of itself; `since` moves only when the state changes."""
    row = {
        "name": name,
        "state": state,
        "detail": detail,
        "figures": dict(figures or {}),
        "alarms": [asdict(alarm) for alarm in alarms],
        "since": tx.now,
        "seen_at": tx.now,
    }
    await tx.connection.execute(_beat[tx.connection.dialect.name], row)


async def services(reading: Reading) -> list[ServiceRow]:
    """Return what every service last said of itself."""
    rows = (await reading.connection.execute(select(tables.services).order_by(tables.services.c.name))).mappings()
    return [ServiceRow(**{**row, "alarms": tuple(map(_alarm, row["alarms"]))}) for row in rows]


def _alarm(said: Mapping[str, Any]) -> Alarm:
    return Alarm(said["code"], said["message"], said.get("values", {}))  # a service of the last release has none


async def forget_service(tx: Transaction, name: str) -> None:
    """Delete a service that says good-bye."""
    await tx.connection.execute(delete(tables.services).where(tables.services.c.name == name))


async def forget_services(tx: Transaction, prefix: str, silent_since: datetime) -> None:
    """Delete the services whose names begin with `prefix` and that were not heard since a time: they are long gone."""
    s = tables.services.c
    gone = (s.name.startswith(prefix, autoescape=True), s.seen_at < silent_since)
    await tx.connection.execute(delete(tables.services).where(*gone))
