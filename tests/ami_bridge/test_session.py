"""Sessions in every trouble but the network's: lists refused, logs that hang or may not be read, clocks apart."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ami_bridge import logs, session
from ami_bridge.bridge import Bridge, BridgeConfig
from ami_bridge.session import Pbx
from ami_bridge.threads import Line
from db import machine_room
from db.engine import Database
from db.machine_room import ServiceRow
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.story import headers
from intake112.clock import SteadyClock
from tests.ami_bridge.test_bridge import heard

CLOCK = SteadyClock()
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))


@asynccontextmanager
async def running(
    database: Database, pbx: PretendAsterisk, folder: Path, cel: Path | None = None
) -> AsyncIterator[None]:
    """Run a bridge beside the block, on a clock that goes."""
    database.clock = CLOCK
    stop = asyncio.Event()
    where = Pbx("pbx-1", pbx.host, pbx.port, pbx.username, pbx.secret, cel_file=cel, ping_s=0.1)
    bridge = Bridge(database, BridgeConfig(where, LINE, folder / "tapes", ZoneInfo("Asia/Jakarta"), "http://112.test"))
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(bridge.run(stop))
        try:
            yield
        finally:
            stop.set()


async def until(database: Database, so: Callable[[ServiceRow], bool]) -> ServiceRow:
    """Wait until what the bridge says of itself is so."""
    async with asyncio.timeout(30):
        while True:
            async with database.reading() as reading:
                rows = await machine_room.services(reading)
            if rows and so(rows[0]):
                return rows[0]
            await asyncio.sleep(0.02)  # between two looks


class Refusing(PretendAsterisk):
    """Lets the bridge in, and lets it list nothing: its user has no `reporting` right."""

    logins: int = 0

    def _act(self, session: object, raw: bytes) -> None:
        asked = dict(headers(raw))
        self.logins += asked.get(b"Action") == b"Login"
        if asked.get(b"Action") == b"CoreShowChannels":
            raw = raw.replace(b"CoreShowChannels", b"Nonsense")
        super()._act(session, raw)  # type: ignore[arg-type]


async def test_a_pbx_that_refuses_its_lists_is_asked_more_and_more_seldom(database: Database, tmp_path: Path) -> None:
    async with Refusing(CLOCK) as pbx, running(database, pbx, tmp_path):
        said = await until(database, lambda row: row.state == "disconnected" and pbx.logins >= 4)
        assert "CoreShowChannels" in said.detail or "Invalid/unknown command" in said.detail
        began = CLOCK()
        await until(database, lambda row: pbx.logins >= 5)
        assert CLOCK() - began > timedelta(seconds=1), "four in a row: it waits longer before the fifth"


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Let a file hang whoever reads it, as one on a network disk that is away; at the end they are let go."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    over = threading.Event()

    def let_go() -> None:
        while not over.wait(0.01):
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))

    try:
        yield
    finally:
        letting = threading.Thread(target=let_go)
        letting.start()
        over.wait(0.2)
        over.set()
        letting.join()


async def test_a_log_on_a_disk_that_hangs_holds_up_no_ring_however_often_the_line_is_cut(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "RECONNECT_AFTER_S", (1.0,))  # so that each cut is seen on a busy machine as well
    cel = tmp_path / "cel.csv"
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))  # a few cuts would hang them all
    with hanging(cel):
        async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path, cel):
            for _ in range(3):
                await until(database, lambda row: row.state == "catching up")
                pbx.drop_sessions()
                await until(database, lambda row: row.state == "disconnected")
            await until(database, lambda row: row.state == "catching up" and pbx.sessions == 1)
            await pbx.play(tapes.load("abandoned-in-queue"), speed=20)
            await heard(database, ["abandoned"])


async def test_logs_that_may_not_be_read_are_an_alarm_until_they_may(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOGS_AGAIN_AFTER", timedelta(seconds=0.1))
    cel = tmp_path / "cel.csv"
    cel.mkdir()
    async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path, cel):
        said = await until(database, lambda row: row.state == "connected" and bool(row.alarms))
        assert [alarm.code for alarm in said.alarms] == ["logs"]
        cel.rmdir()
        cel.write_text("")
        await until(database, lambda row: row.state == "connected" and not row.alarms)


async def test_a_question_that_the_disk_does_not_answer_ends_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "SEE_WITHIN_S", 0.05)
    with hanging(tmp_path / "cel.csv"):
        asked = logs.Logs(tmp_path / "cel.csv", None)
        with pytest.raises(logs.LogsError, match=r"no answer from the disk within 0\.05 s"):
            await asked.ends()
        with pytest.raises(logs.LogsError, match="has not answered the question before"):
            await asked.ends()


@pytest.mark.parametrize(("ahead_s", "told"), [(3.0, "3.0 s ahead of"), (-3.0, "3.0 s behind")])
async def test_clocks_that_are_apart_are_an_alarm(
    database: Database, tmp_path: Path, ahead_s: float, told: str
) -> None:
    def pbx_clock() -> datetime:
        return CLOCK() + timedelta(seconds=ahead_s)

    async with PretendAsterisk(pbx_clock) as pbx, running(database, pbx, tmp_path):
        said = await until(database, lambda row: bool(row.alarms))
        assert [alarm.code for alarm in said.alarms] == ["clock"]
        assert told in said.alarms[0].message
        assert said.figures["clock_offset_seconds"] == pytest.approx(ahead_s, abs=0.5)


async def test_clocks_that_are_together_are_none(database: Database, tmp_path: Path) -> None:
    async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path):
        said = await until(database, lambda row: row.state == "connected" and row.figures["tape_bytes"] > 0)
        assert said.alarms == ()
