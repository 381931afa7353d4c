"""The lists that an administrator keeps: kinds of report, and ways to end. No row is deleted: reports have it."""

from collections.abc import Collection, Mapping
from typing import Final

from db.choices import Choices, R
from db.engine import Transaction
from intake.refusals import CodeTakenError, StaleRowError, SystemRowError, UnknownRowError

FREE: Final = {"name_id", "name_en", "position"}  # what may be changed even of a row that the product itself uses


async def add(tx: Transaction, choices: Choices[R], code: str, values: Mapping[str, object], by: str) -> R:
    """Add a row, the last in the list unless `values` say where. Raises CodeTakenError."""
    last = max((one.position for one in await choices.every(tx)), default=0)
    if not await choices.add(tx, {"position": last + 1} | dict(values) | {"code": code}):
        raise CodeTakenError
    return await _told(tx, choices, "added", code, values, by)


async def change(
    tx: Transaction,
    choices: Choices[R],
    code: str,
    seen: int,
    values: Mapping[str, object],
    by: str,
    of_system: Collection[str] = (),
) -> R:
    """Change a row whose version `seen` its writer had before them. Raises UnknownRowError, StaleRowError.

    Raises SystemRowError when it is `of_system` and more than its name and place would change.
    """
    row = await _found(tx, choices, code)
    if code in of_system and any(values[name] != getattr(row, name) for name in values.keys() - FREE):
        raise SystemRowError
    if not await choices.change(tx, code, seen, values):
        raise StaleRowError(row.version)
    return await _told(tx, choices, "changed", code, values, by)


async def _told(tx: Transaction, choices: Choices[R], done: str, code: str, values: Mapping[str, object], by: str) -> R:
    tx.record(by, f"{choices.named}.{done}", code, fields=sorted(values))
    tx.tell("settings", choices.many)
    return await _found(tx, choices, code)


async def _found(tx: Transaction, choices: Choices[R], code: str) -> R:
    found = await choices.find(tx, code)
    if found is None:
        raise UnknownRowError(f"There is no {choices.named} with this code. GET /api/v1/{choices.many} lists them.")
    return found
