"""An agency that accepted and says nothing: the desk is told, the agency is asked. On both databases."""

import asyncio
import json

from db import dispatches, entries, live
from db.dispatches import DispatchRow
from db.engine import Database
from intake import escalating
from tests.conftest import SetClock
from tests.intake.test_endings import step
from tests.intake.test_escalating import answer, look, rows, said, sent
from tests.routing import cases

__all__ = ["sent"]


async def questions(database: Database, dispatch_id: str) -> list[str | None]:
    """What each envelope of a dispatch asks."""
    async with database.reading() as reading:
        owed = await cases.owed(reading, dispatch_id)
    return [json.loads(one.body)["data"]["dispatch"]["asks"] for one in owed]


async def test_who_accepts_and_says_nothing_is_asked_until_they_speak(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await answer(database, sent, "accepted")
    clock.forward(minutes=14, seconds=59)
    assert await look(database) == 0
    clock.forward(seconds=1)
    assert sum(await asyncio.gather(*(look(database) for _ in range(8)))) == 1, "of many who look one asks"
    assert await said(database) == ["Instansi damkar menerima 15 menit lalu dan belum memberi kabar: tanyakan"]
    found = (await rows(database))["damkar"]
    assert (found.state, found.asked, found.sequence) == ("accepted", 1, 2)
    assert await questions(database, sent.id) == [None, "status"]
    clock.forward(minutes=15)
    assert await look(database) == 1
    assert (await rows(database))["damkar"].asked == 2

    await answer(database, sent, "accepted")
    assert (await rows(database))["damkar"].asked == 2, "what takes each webhook says so each time: a machine"
    await answer(database, sent, "accepted", via="api")  # moves nothing, but they spoke
    found = (await rows(database))["damkar"]
    assert (found.asked, found.heard_at, found.accepted_at) == (0, clock.now, sent.created_at)
    clock.forward(minutes=15)
    assert await look(database) == 1
    assert (await said(database))[-1] == (
        "Instansi damkar menerima 45 menit lalu dan belum memberi kabar sejak 15 menit: tanyakan"
    )
    await answer(database, sent, "on_scene")
    clock.forward(minutes=40)
    assert await look(database) == 1
    assert (await said(database))[-1].startswith("Instansi damkar tiba di lokasi 40 menit lalu dan belum memberi kabar")
    assert (await said(database))[-1].endswith(": tanyakan (baru diperiksa 600 dtk terlambat)")
    await answer(database, sent, "resolved")
    clock.forward(days=1)
    assert await look(database) == 0
    assert await questions(database, sent.id) == [None, *["status"] * 4]
    async with database.reading() as reading:
        told = [row.subject for row in await live.after(reading, 0, 500) if row.kind == "escalation"]
        authors = {one.author for one in await entries.of_report(reading, sent.report_id)}
        assert (await dispatches.waiting(reading))[0] == 0
    assert told == [sent.id] * 4
    assert escalating.AUTHOR in authors


async def test_closed_nobody_is_asked_and_reopened_they_are(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await answer(database, sent, "accepted")

    await step(database, sent, "resolved", "closed")
    clock.forward(hours=5)
    assert await look(database) == 0
    await step(database, sent, "reopened")
    clock.forward(minutes=14)
    assert await look(database) == 0
    clock.forward(minutes=1)
    assert await look(database) == 1
    assert (await questions(database, sent.id))[-1] == "status"
