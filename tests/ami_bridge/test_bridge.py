"""The bridge as a whole, with the pretend Asterisk (which passes the real one's contract) and both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from sqlalchemy import text

from ami_bridge import memory, tape
from ami_bridge.bridge import Bridge, BridgeConfig
from ami_bridge.session import Pbx
from ami_bridge.threads import Line
from db import calls, machine_room, reports
from db.engine import Database, DatabaseUnavailableError
from db.reports import Filter
from exercise import tapes
from exercise.pbx import PretendAsterisk
from intake112.clock import SteadyClock
from tests.gate import Gate
from tests.postgres import PostgresServer

CLOCK = SteadyClock()
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
CUT_THE_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def config(pbx: PretendAsterisk, folder: Path) -> BridgeConfig:
    """Return what joins a bridge to the pretend PBX."""
    where = Pbx("pbx-1", pbx.host, pbx.port, pbx.username, pbx.secret, ping_s=0.5)
    return BridgeConfig(where, LINE, folder, ZoneInfo("Asia/Jakarta"), "http://112.test")


@asynccontextmanager
async def running(database: Database, pbx: PretendAsterisk, folder: Path) -> AsyncIterator[Bridge]:
    """Run a bridge and stop it at the end."""
    stop = asyncio.Event()
    bridge = Bridge(database, config(pbx, folder))
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(bridge.run(stop))
        try:
            yield bridge
        finally:
            stop.set()


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(30):
        while not await look():  # noqa: ASYNC110  # what is looked at has no event to wait for
            await asyncio.sleep(0.02)  # between two looks


async def outcomes(database: Database) -> list[str | None]:
    """Return the outcomes of all calls, the newest report first."""
    async with database.reading() as reading:
        rows = await reports.page(reading, Filter(), None, 200)
        found = await calls.by_reports(reading, [row.id for row in rows])
        return [found[row.id].outcome for row in rows]


async def state(database: Database) -> str:
    """Return what the bridge last said of itself."""
    async with database.reading() as reading:
        return next((row.state for row in await machine_room.services(reading)), "")


async def connected(database: Database) -> None:
    """Wait until the bridge says that it is connected."""

    async def look() -> bool:
        return await state(database) == "connected"

    await until(look)


async def heard(database: Database, wanted: list[str]) -> None:
    """Wait until these are the outcomes."""

    async def look() -> bool:
        return await outcomes(database) == wanted

    await until(look)


async def test_a_call_is_a_report_and_a_bridge_that_ends_says_so(database: Database, tmp_path: Path) -> None:
    async with PretendAsterisk(CLOCK) as pbx:
        async with running(database, pbx, tmp_path):
            await connected(database)
            await pbx.play(tapes.load("answered"), speed=20)
            await heard(database, ["answered"])
        assert await state(database) == "stopped"


async def test_a_cut_line_is_made_again_and_the_next_call_is_heard(database: Database, tmp_path: Path) -> None:
    async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path):
        await connected(database)
        pbx.drop_sessions()
        await until(lambda: _so(bool(pbx.sessions == 0)))
        await until(lambda: _so(bool(pbx.sessions == 1)))
        await connected(database)
        await pbx.play(tapes.load("abandoned-in-queue"), speed=20)
        await heard(database, ["abandoned"])


async def _so(it: bool) -> bool:
    return it


async def test_what_was_read_while_a_gap_was_open_is_saved_once_it_is_closed(
    database: Database, tmp_path: Path
) -> None:
    """No ring has to come for it: a tape is deleted only when all of it is saved, and a start reads from there."""
    made = tape.Tape.create(tmp_path, "bridge:pbx-1:0123abcd", CLOCK())
    made.append(
        [(CLOCK(), [b"Event: IntakeConnected\r\nSession: 1", *[b"Event: DialEnd\r\nBig: " + bytes(10**6)] * 6])]
    )
    made.close()

    async def all_is_saved() -> bool:
        async with database.reading() as reading:
            known = await machine_room.newest_state(reading, "bridge:pbx-1:")
        return known is not None and memory.read(known, LINE)[1].get(made.id) == made.size

    async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path):
        await until(all_is_saved)


async def test_a_wrong_secret_is_said_without_the_secret(database: Database, tmp_path: Path) -> None:
    async with PretendAsterisk(CLOCK) as pbx:
        pbx.secret, right = "another-secret", pbx.secret
        stop = asyncio.Event()
        made = config(pbx, tmp_path)
        pbx.secret = right

        async def look() -> bool:
            async with database.reading() as reading:
                rows = await machine_room.services(reading)
            return bool(rows) and "INTAKE112_AMI_SECRET" in rows[0].detail and "another-secret" not in rows[0].detail

        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(Bridge(database, made).run(stop))
            await until(look)
            stop.set()


async def test_a_database_that_takes_nothing_costs_no_ring(database: Database, tmp_path: Path) -> None:
    """Read-only after a failover, a full disk: the facts wait, and none of them is taken for a bad one."""

    async def whole_call_is_taped() -> bool:
        (path,) = await asyncio.to_thread(lambda: list(tmp_path.glob("*.tape")))
        gone = [one for one in tape.read_all(path) if one.raw.startswith(b"Event: Hangup\r\n")]
        return len(gone) == 3

    async with PretendAsterisk(CLOCK) as pbx, running(database, pbx, tmp_path):
        await connected(database)
        await _take_writes(database, yes=False)
        await pbx.play(tapes.load("answered"), speed=20)
        await until(whole_call_is_taped)
        assert await outcomes(database) == []
        await _take_writes(database, yes=True)
        await heard(database, ["answered"])


async def _take_writes(database: Database, *, yes: bool) -> None:
    """Let the database take writes or refuse them, on the connections that are open as well."""
    if database.is_sqlite:
        async with database._one_writer, database._write.connect() as connection:
            driver = await connection.get_raw_connection()
            switch = f"PRAGMA query_only = {'OFF' if yes else 'ON'}"
            await driver.driver_connection.execute(switch)  # type: ignore[union-attr]
        return
    admin = await asyncpg.connect(database.url.replace("+asyncpg", ""))
    name = database.url.rpartition("/")[2]
    await admin.execute("SET default_transaction_read_only = OFF")
    await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"OFF" if yes else "ON"}')
    await admin.execute(CUT_THE_OTHERS)  # as a failover does: settings hold for new sessions
    await admin.close()


@pytest.mark.real
async def test_a_database_that_is_away_costs_no_ring(postgres: PostgresServer, tmp_path: Path) -> None:
    async with (
        postgres.fresh("bridge_away", "intake112_template") as url,
        Gate.to(postgres.port) as gate,
        Database.open(url.replace(str(postgres.port), str(gate.port)), CLOCK) as database,
        Database.open(url, CLOCK) as beside,
        PretendAsterisk(CLOCK) as pbx,
        running(database, pbx, tmp_path),
    ):
        await connected(beside)
        await gate.shut()
        await pbx.play(tapes.load("answered"), speed=20)
        await gate.open()
        await heard(beside, ["answered"])


async def test_a_bad_row_is_not_an_unavailable_database(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("INSERT INTO report_counters VALUES ('20260314', 1)"))
    with pytest.raises(Exception, match=r"(?i)unique") as caught:
        async with database.transaction() as tx:
            await tx.connection.execute(text("INSERT INTO report_counters VALUES ('20260314', 1)"))
    assert not isinstance(caught.value, DatabaseUnavailableError)
