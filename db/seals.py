"""Marks of what people said, for the audit: an HMAC under a key of the report, never the words.

Whoever has the words and the key can show that they are what was written then (`fits`). Erasing a person's data deletes
the key: then a mark says nothing about anybody any more, not even to one who guesses, and the chain still verifies.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Final

from sqlalchemy import delete, select

from db import tables
from db.engine import Reading, Transaction
from db.journal import canonical

k = tables.report_keys.c
KEY_BYTES: Final = 32


async def marks(tx: Transaction, report_id: int, said: Mapping[str, object]) -> dict[str, str]:
    """Return the mark of each of these values (of JSON's kinds) by its name; the report gets its key if it has none."""
    if not said:
        return {}
    key = await _key(tx, report_id)
    if key is None:
        key = os.urandom(KEY_BYTES)
        made = tx.insert_or(tables.report_keys).values(report_id=report_id, key=key, made_at=tx.now)
        await tx.connection.execute(made.on_conflict_do_nothing())
        key = await _key(tx, report_id) or key
    return {name: _mark(key, name, value) for name, value in said.items()}


async def fits(reading: Reading, report_id: int, name: str, value: object, mark: str) -> bool | None:
    """Tell whether a mark in the audit is that of this value; None: the key was erased (or never made)."""
    key = await _key(reading, report_id)
    return None if key is None else hmac.compare_digest(_mark(key, name, value), mark)


async def forget(tx: Transaction, report_id: int) -> None:
    """Delete a report's key: its marks say nothing any more. What is written later gets a new one."""
    await tx.connection.execute(delete(tables.report_keys).where(k.report_id == report_id))


async def _key(reading: Reading, report_id: int) -> bytes | None:
    found = (await reading.connection.execute(select(k.key).where(k.report_id == report_id))).scalar_one_or_none()
    return None if found is None else bytes(found)


def _mark(key: bytes, name: str, value: object) -> str:
    return hmac.new(key, canonical([name, value]).encode(), hashlib.sha256).hexdigest()
