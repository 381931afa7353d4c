"""The centre's own list of kinds: an administrator adds and changes them. None is deleted: reports have it."""

from collections.abc import Mapping

from db import kinds
from db.engine import Reading, Transaction
from db.kinds import KindRow
from intake.refusals import CodeTakenError, StaleRowError, UnknownRowError


async def add(tx: Transaction, code: str, values: Mapping[str, object], by: str) -> KindRow:
    """Add a kind, the last in the list unless `values` say where. Raises CodeTakenError."""
    last = max((one.position for one in await kinds.every(tx)), default=0)
    if not await kinds.add(tx, {"position": last + 1} | dict(values) | {"code": code}):
        raise CodeTakenError
    tx.record(by, "kind.added", code, fields=sorted(values))
    tx.tell("settings", "kinds")
    return await _found(tx, code)


async def change(tx: Transaction, code: str, seen: int, values: Mapping[str, object], by: str) -> KindRow:
    """Change a kind whose version `seen` its writer had before them. Raises UnknownRowError, StaleRowError."""
    row = await _found(tx, code)
    if not await kinds.change(tx, code, seen, values):
        raise StaleRowError(row.version)
    tx.record(by, "kind.changed", code, fields=sorted(values))
    tx.tell("settings", "kinds")
    return await _found(tx, code)


async def _found(reading: Reading, code: str) -> KindRow:
    found = await kinds.find(reading, code)
    if found is None:
        raise UnknownRowError("There is no kind with this code. GET /api/v1/kinds lists them.")
    return found
