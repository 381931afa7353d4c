"""A shift at the pretend Asterisk goes as at the real one (`tests/acceptance/test_shifts.py`). On both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2

from ami_bridge.control import Control, ControlConfig
from ami_bridge.session import Pbx
from db.engine import Database
from exercise import tapes
from exercise.pbx import PretendAsterisk
from intake import control
from intake.api.app import create_app
from tests.ami_bridge.test_bridge import running, until
from tests.conftest import SetClock
from tests.exercise.clients import Client
from tests.intake.conftest import PUBLIC_URL, WIB, Json
from tests.intake.sitting import OP1, Person, person

TALK = timedelta(seconds=5)  # by the clock, which moves with the pauses: the test waits for less


@asynccontextmanager
async def acting(database: Database, pbx: PretendAsterisk, bridge: str) -> AsyncIterator[None]:
    """Run the hand beside a bridge."""
    where = Pbx("pbx-1", pbx.host, pbx.port, pbx.control, pbx.control_secret, ping_s=0.5)
    hand, stop = (
        Control(database, ControlConfig(where, frozenset({"112"}), frozenset({"op1"})), bridge),
        asyncio.Event(),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hand.run(stop))
        await until(lambda: can_act(database))
        try:
            yield
        finally:
            stop.set()


async def can_act(database: Database) -> bool:
    async with database.reading() as reading:
        return (await control.connected(reading)).get("pbx-1", False)


async def shows(rina: Person, wanted: Callable[[Json], bool]) -> Json:
    """Wait until the desk shows something."""
    found: list[Json] = []

    async def look() -> bool:
        found[:] = [one for one in await rina.desks() if one["device"] == OP1 and wanted(one)]
        return bool(found)

    await until(look)
    return found[0]


async def test_a_shift(database: Database, clock: SetClock, tmp_path: Path) -> None:
    app = create_app(database, public_url=PUBLIC_URL, timezone=WIB)
    hangs_up = asyncio.Event()

    async def pause(seconds: float) -> None:
        if seconds > TALK.total_seconds() / 2:
            await hangs_up.wait()
        clock.forward(seconds=seconds)

    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        PretendAsterisk(clock, pause=pause, members=[]) as pbx,
        running(database, pbx, tmp_path) as bridge,
        acting(database, pbx, bridge.name),
        httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http,
        Client.connected(pbx.host, pbx.port) as console,
        asyncio.TaskGroup() as tasks,
    ):
        rina = await person(http, database, "rina")
        await rina.start()
        assert (await shows(rina, lambda one: one["state"] == "ready"))["difference"] is None
        await rina.wish("break", "makan")
        assert (await shows(rina, lambda one: one["state"] == "break"))["reason"] == "makan"
        await console.act("Login", Username=pbx.control, Secret=pbx.control_secret)
        await console.act("QueuePause", Queue="112", Interface=OP1, Paused="false")
        assert (await shows(rina, lambda one: one["state"] == "ready"))["difference"]["code"] == "changed_at_pbx"
        playing = tasks.create_task(pbx.play(tapes.load("answered").paced(talks=TALK)))
        talking = await shows(rina, lambda one: one["state"] == "talking")
        hangs_up.set()
        await playing
        wraps_up = await shows(rina, lambda one: one["state"] == "wrap-up")
        assert wraps_up["report"] == talking["report"]
        report = await http.get(f"/api/v1/reports/{wraps_up['report']}", headers=rina.headers)
        assert report.json()["call"]["operator"] == {"user": "rina", "member": "rina", "device": OP1}
        await rina.wish("ready")
        await shows(rina, lambda one: one["state"] == "ready" and one["difference"] is None)
        await rina.post("/shift/end")
        await until(lambda: nobody(rina))


async def nobody(rina: Person) -> bool:
    return OP1 not in [one["device"] for one in await rina.desks()]  # the tape tells of op2 as well
