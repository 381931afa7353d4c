"""A kind brings its priority to a report whose priority nobody has chosen: rules and deadlines ask for it.

It is derived, like the status that follows from work: it has an entry, and is no change that a person's can conflict
with. What a person, an answer to the guide or a joined report made it stays.
"""

from typing import Final

from db import entries
from db.choices import kinds
from db.engine import Reading, Transaction
from db.reports import ReportRow
from intake import report

BECAUSE: Final = "menurut jenis"


async def of(reading: Reading, kind: object) -> str | None:
    """Return the priority of a kind; None: no kind, or one that nobody knows."""
    found = None if kind is None else await kinds.find(reading, str(kind))
    return None if found is None else found.priority


async def priority(reading: Reading, row: ReportRow, kind: object) -> str | None:
    """Return the priority that a report has with a kind: its own, when somebody has chosen it."""
    is_chosen = row.priority is not None and "priority" in row.field_versions
    return row.priority if is_chosen else (await of(reading, kind) or row.priority)


async def tell(tx: Transaction, row: ReportRow, was: str | None, by: str) -> None:
    """Write the entry of a locked report's priority that a kind has brought."""
    if row.priority != was:
        text = f"{report.told('priority', was, row.priority)} ({BECAUSE})"
        await entries.add(tx, row.id, by, text, automatic=True)
