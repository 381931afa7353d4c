"""Marks of what people said, for the audit: an HMAC under a key of the report, or of the pilot number, never the words.

Whoever has the words and the key can show that they are what was written then (`fits`). Erasing a person's data deletes
the key: then a mark says nothing about anybody any more, not even to one who guesses, and the chain still verifies.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, Table, delete, select

from db import tables
from db.engine import Reading, Transaction
from db.journal import canonical

KEY_BYTES: Final = 32
Of = int | str
"""What has a key: a report, or a pilot number, by its id."""


async def marks(tx: Transaction, of: Of, said: Mapping[str, object]) -> dict[str, str]:
    """Return the mark of each of these values (of JSON's kinds) by its name; what they are of gets its key."""
    if not said:
        return {}
    key = await _key(tx, of)
    if key is None:
        key, (table, owner) = os.urandom(KEY_BYTES), _keys(of)
        made = tx.insert_or(table).values({owner.name: of, "key": key, "made_at": tx.now})
        await tx.connection.execute(made.on_conflict_do_nothing())
        key = await _key(tx, of) or key
    return {name: _mark(key, name, value) for name, value in said.items()}


async def fits(reading: Reading, of: Of, name: str, value: object, mark: str) -> bool | None:
    """Tell whether a mark in the audit is that of this value; None: the key was erased (or never made)."""
    key = await _key(reading, of)
    return None if key is None else hmac.compare_digest(_mark(key, name, value), mark)


async def forget(tx: Transaction, of: Of) -> None:
    """Delete a key: its marks say nothing any more. What is written later gets a new one."""
    table, owner = _keys(of)
    await tx.connection.execute(delete(table).where(owner == of))


def _keys(of: Of) -> tuple[Table, Column[Any]]:
    if isinstance(of, int):
        return tables.report_keys, tables.report_keys.c.report_id
    return tables.pilot_keys, tables.pilot_keys.c.pilot_id


async def _key(reading: Reading, of: Of) -> bytes | None:
    table, owner = _keys(of)
    found = (await reading.connection.execute(select(table.c.key).where(owner == of))).scalar_one_or_none()
    return None if found is None else bytes(found)


def _mark(key: bytes, name: str, value: object) -> str:
    return hmac.new(key, canonical([name, value]).encode(), hashlib.sha256).hexdigest()
