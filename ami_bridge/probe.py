"""Test calls: out over the trunk to a number that leads back to the 112 line, every few minutes. Each becomes a report.

All lights green and no ring is the worst fault: this is the one light that shows the whole way, out to the carrier, in
again, to a report in the database. The hand makes the call, the ear hears it come in, and here the two are compared.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from db import calls, controls, recordings
from db.controls import ControlRow
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.wakeups import rest
from intake import control
from intake.facts import MACHINE

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 5.0
AGAIN: Final = timedelta(seconds=30)  # after one was asked for that nobody began
ARRIVES_WITHIN: Final = timedelta(seconds=30)  # after it was asked for
NEWEST: Final = "after"  # in the request: the newest call when it was asked for, since clocks may differ


@dataclass(frozen=True, slots=True)
class ProbeConfig:
    """Which PBX makes the call, to which number, and how often."""

    pbx: str
    number: str
    every: timedelta


class Probe:
    """Has test calls made until it is told to stop."""

    def __init__(self, database: Database, config: ProbeConfig) -> None:
        self._database = database
        self._config = config
        self._why = ""  # why the last one did not come in
        self._asked_at = ""
        self._took_s: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            try:
                await self.look()
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            await rest(stop, LOOK_EVERY_S)

    async def look(self) -> None:
        """Judge the last test call, and ask for one when it is time. Raises DatabaseUnavailableError."""
        async with self._database.reading() as reading:
            now, last = reading.now, await controls.newest(reading, self._config.pbx, control.TEST_CALL)
            if last is not None:
                arrived = await calls.test_arrival(reading, self._config.pbx, int(last.arguments[NEWEST]))
                self._judge(last, arrived, now)
        every = self._config.every
        if last is not None and last.result == "too_late":  # no call was tried: at a start nobody may be connected yet
            every = min(every, AGAIN)
        if last is None or now - last.asked_at >= every:
            async with self._database.transaction() as tx:
                said = {"number": self._config.number, NEWEST: str(await recordings.newest_call(tx))}
                await control.test_call(tx, self._config.pbx, said, MACHINE)

    def _judge(self, last: ControlRow, arrived: datetime | None, now: datetime) -> None:
        self._asked_at = last.asked_at.isoformat(timespec="seconds")
        if arrived is not None:
            self._took_s = max(0.0, (arrived - (last.begun_at or last.asked_at)).total_seconds())
            self._why = ""
        elif last.state == "failed":
            self._why = f"it could not be made ({last.result}: {last.detail})"
        elif now - last.asked_at >= ARRIVES_WITHIN:
            self._why = f"it was made at {last.asked_at:%H:%M:%S} UTC and did not come in"

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        if not self._why:
            return ()
        said = (
            f"The last test call over the trunk failed: {self._why}. Nobody may reach 112. Ring it from outside, from "
            "each network; look at the trunk, INTAKE112_TEST_NUMBER, OUT_ALLOWED, TEST_CALLER; call the carrier."
        )
        return (Alarm("test_call", said, {"asked_at": self._asked_at}),)

    def figures(self) -> Mapping[str, float]:
        """Return how long the last test call took from its asking to its ring, in seconds."""
        return {} if self._took_s is None else {"test_call_seconds": self._took_s}
