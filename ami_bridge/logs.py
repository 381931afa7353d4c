"""The PBX's two logs as the bridge asks for them: where they end, and what they hold after a mark.

A disk may hang (a network file system that is away). So each question is asked in a thread of its own that nobody waits
for at the end, only one at a time, and only for so long; the loop, the tape and the session go on.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from ami_bridge import logfile, resync
from ami_bridge.events import LOGS
from ami_bridge.listening import Heard
from ami_bridge.logfile import Mark
from ami_bridge.resync import Told

MARGIN = timedelta(seconds=2)  # logs have milliseconds or seconds; what is told twice changes nothing
TELL_WITHIN_S = 60.0
SEE_WITHIN_S = 1.0
T = TypeVar("T")


class LogsError(Exception):
    """The logs cannot be read now; the message says why."""


class Marks(NamedTuple):
    """Places in the PBX's logs; None: there is no such log."""

    cel: Mark | None
    queue_log: Mark | None

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Return the marks that `texts` wrote."""
        return cls(*(Mark.parse(texts.get(name, "")) for name in LOGS))

    def texts(self) -> dict[str, str]:
        """Return the marks by the names of their logs."""
        return {name: str(mark) for name, mark in zip(LOGS, self, strict=True) if mark is not None}


class Logs:
    """CEL and queue_log of one PBX; None where this host has no such file."""

    def __init__(self, cel: Path | None, queue_log: Path | None) -> None:
        self._cel = cel
        self._queue_log = queue_log
        self._asking = False

    async def ends(self) -> Marks:
        """Return where the logs end now. Raises LogsError."""

        def look() -> Marks:
            ends = (None if path is None else logfile.end_of(path) for path in (self._cel, self._queue_log))
            return Marks(*ends)

        return await self._ask(look, SEE_WITHIN_S)

    async def told(self, heard: Heard) -> Told:
        """Return what the logs hold of the time since we last listened. Raises LogsError."""
        marks = Marks.of(heard.marks)
        since: datetime | None = None if heard.until is None else heard.until - MARGIN
        return await self._ask(
            lambda: resync.told(self._cel, marks.cel, self._queue_log, marks.queue_log, since), TELL_WITHIN_S
        )

    async def _ask(self, question: Callable[[], T], within_s: float) -> T:
        if self._asking:
            raise LogsError("the disk has not answered the question before")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: Exception | None) -> None:
            self._asking = False
            if not answer.done():
                if error is not None:
                    answer.set_exception(error)
                else:
                    answer.set_result(result)  # type: ignore[arg-type]  # None only beside an error

        def work() -> None:
            result, error = None, None
            try:
                result = question()
            except Exception as caught:  # told to who asked
                error = caught
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
                loop.call_soon_threadsafe(settle, result, error)

        self._asking = True
        threading.Thread(target=work, name="logs", daemon=True).start()
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError:
            raise LogsError(f"no answer from the disk within {within_s:g} s") from None
        except Exception as error:
            raise LogsError(str(error) or type(error).__name__) from error
