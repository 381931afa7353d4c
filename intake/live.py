"""Server-sent events: which report or service changed, and its number in the order of commits. Never contents.

Events are rows, so a reader that comes back with the last number it saw misses nothing, after a restart of ours too.
All streams of a process share one tail of the table: whatever number of screens is open, a commit costs one query,
and whoever comes while it runs waits for the next. The wake-up is a courtesy, a poll every second the guarantee.

A reader who leaves while the database is read is waited for: cut off in the middle, the connection would be thrown
away, and one reload of a page cost one.

A heartbeat is an event that scripts can see (a comment is not). It comes only when the database was really read: a page
that hears none for 12 s must say that what it shows is old.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from anyio import CancelScope

from db import live
from db.engine import Database, DatabaseUnavailableError
from db.live import LiveRow
from routing.clipping import utc

POLL_S: Final = 1.0
HEARTBEAT_S: Final = 5.0
KEPT: Final = 2000  # events kept in memory for all streams
PAGE: Final = 500
TOPIC: Final = "live"
NEVER: Final = -1  # a number no event has: who begins there must read the snapshot


class Tail:
    """The newest events, read once for all streams of this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.listeners = 0
        self._rows: deque[LiveRow] = deque(maxlen=KEPT)
        self._newest = -1  # not read yet
        self._reading = asyncio.Lock()
        self._asked = 0
        self._answered = 0

    async def newest(self) -> int:
        """Return the number of the newest event, as of a reading that begins after this call."""
        self._asked += 1
        mine = self._asked
        async with self._reading:
            if self._answered < mine:
                began = self._asked
                await self._read()
                self._answered = began
        return self._newest

    async def after(self, seq: int) -> list[LiveRow]:
        """Return the next events after `seq`, in order; none is left out."""
        if await self.newest() <= seq:
            return []
        if self._rows and self._rows[0].seq <= seq + 1:
            return [row for row in self._rows if row.seq > seq]
        async with self.database.reading() as reading:
            return await live.after(reading, seq, PAGE)

    async def begin(self, after: int | None) -> tuple[int, bool]:
        """Return where a stream begins, and whether its reader must read the snapshot again."""
        async with self.database.reading() as reading:
            oldest, newest = await live.span(reading)
        if after is None:
            return newest, False
        if max(0, oldest - 1) <= after <= newest:
            return after, False
        return newest, True

    async def _read(self) -> None:
        async with self.database.reading() as reading:
            if self._newest < 0:
                _, self._newest = await live.span(reading)
                return
            while rows := await live.after(reading, self._newest, PAGE):
                self._rows.extend(rows)
                self._newest = rows[-1].seq
                if len(rows) < PAGE:
                    return


async def stream(
    tail: Tail, after: int | None, stop: asyncio.Event, still_welcome: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[bytes, None]:
    """Yield events after `after` (None: from now on) until `stop` is set or the reader is no longer welcome."""
    database = tail.database
    loop = asyncio.get_running_loop()
    began: tuple[int, bool] | None = None
    while began is None:
        ticket = database.wakeups.ticket(TOPIC)
        try:
            with CancelScope(shield=True):
                began = await tail.begin(after)
        except DatabaseUnavailableError:  # the answer has begun: who waits here is told of nothing until it is back
            if stop.is_set():
                return
            await database.wakeups.wait(TOPIC, ticket, POLL_S)
    seq, reset = began
    if reset:
        yield _event("reset", seq, {"at": utc(database.clock())})
    tail.listeners += 1
    beat_at = loop.time()
    try:
        while not stop.is_set():
            ticket = database.wakeups.ticket(TOPIC)
            try:
                with CancelScope(shield=True):
                    rows = await tail.after(seq)
                    if loop.time() >= beat_at and not await still_welcome():
                        return
            except DatabaseUnavailableError:
                await database.wakeups.wait(TOPIC, ticket, POLL_S)
                continue
            if rows:
                seq = rows[-1].seq
                yield b"".join(map(_told, rows))
                continue
            if loop.time() >= beat_at:
                beat_at = loop.time() + HEARTBEAT_S
                yield _event("heartbeat", seq, {"at": utc(database.clock())})
                continue
            await database.wakeups.wait(TOPIC, ticket, min(POLL_S, beat_at - loop.time()))
    finally:
        tail.listeners -= 1


def _told(row: LiveRow) -> bytes:
    return _event(
        row.kind, row.seq, {"kind": row.kind, "subject": row.subject, "version": row.version, "at": utc(row.at)}
    )


def _event(name: str, seq: int, data: dict[str, str | int | None]) -> bytes:
    text = json.dumps({"seq": seq, **data}, separators=(",", ":"))
    return f"id: {seq}\nevent: {name}\ndata: {text}\n\n".encode()
