"""Live events over a real socket: none missed, in order, resumable, and gone when they should be. On both databases."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy import event as hook
from sqlalchemy.pool import Pool

from db.engine import Database
from intake import live
from intake.api.stream import KINDS
from tests.conftest import SetClock
from tests.gate import Gate
from tests.intake.conftest import Client, Json, Served
from tests.postgres import PostgresServer

WRITERS, EACH = 8, 15


@asynccontextmanager
async def listening(client: Client, query: str = "", last: str | None = None) -> AsyncIterator[AsyncIterator[Json]]:
    """Open a stream of events."""
    headers = {"Last-Event-ID": last} if last is not None else {}
    async with client.stream("GET", f"/api/v1/live{query}", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx2.Response) -> AsyncIterator[Json]:
    event: Json = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "data":
            event |= json.loads(value)
        elif name:
            event[f"_{name}"] = value
        else:
            assert event["_id"] == str(event["seq"])
            yield event
            event = {}


async def told(events: AsyncIterator[Json], count: int) -> list[int]:
    """Return the numbers of the next reports told."""
    seqs: list[int] = []
    async for event in events:
        if event["_event"] == "report":
            assert event["kind"] == "report"
            seqs.append(event["seq"])
        if len(seqs) == count:
            break
    return seqs


async def write(database: Database, count: int, writer: int = 0) -> None:
    """Tell of reports, one a transaction."""
    for n in range(count):
        async with database.transaction() as tx:
            tx.tell("report", f"{writer}-{n}", 1)


async def test_eight_writers_and_readers_who_come_back(served: tuple[Served, Database]) -> None:
    (http, database) = served
    everything = list(range(1, WRITERS * EACH + 1))

    async def patient() -> None:
        async with listening(http.client, "?after=0") as events:
            assert await told(events, len(everything)) == everything

    async def restless() -> None:
        """Cut off after every few events; the browser's Last-Event-ID wins over the address, which stays as it was."""
        seen: list[int] = []
        while len(seen) < len(everything):
            last = str(seen[-1]) if seen else None
            async with listening(http.client, "?after=0", last) as events:
                seen += await told(events, min(7, len(everything) - len(seen)))
        assert seen == everything

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(patient())
        tasks.create_task(restless())
        for writer in range(WRITERS):
            tasks.create_task(write(database, EACH, writer))
    assert (await http.client.get("/api/v1/state")).json()["seq"] == len(everything)


async def test_an_event_is_there_at_once_and_a_heartbeat_first(served: tuple[Served, Database]) -> None:
    (http, database) = served
    loop = asyncio.get_running_loop()
    async with listening(http.client) as events:
        first = await anext(events)
        assert (first["_event"], first["seq"], first["at"]) == ("heartbeat", 0, "2026-03-14T01:59:26.535897Z")
        taken = []
        for n in range(1, 11):
            began = loop.time()
            await write(database, 1)
            event = await anext(events)
            taken.append(loop.time() - began)
            assert (event["_event"], event["seq"]) == ("report", n)
        assert sorted(taken)[5] < 0.3, "not by the poll"


@pytest.mark.parametrize(("query", "last"), [("?after=99", None), ("?after=0", "99"), ("?after=0", "junk")])
async def test_a_number_that_never_was_is_a_reset(
    served: tuple[Served, Database], query: str, last: str | None
) -> None:
    (http, database) = served
    await write(database, 3)
    async with listening(http.client, query, last) as events:
        first = await anext(events)
        assert (first["_event"], first["seq"]) == ("reset", 3)
        await write(database, 1)
        assert await told(events, 1) == [4]


async def test_events_that_are_gone_are_a_reset(served: tuple[Served, Database]) -> None:
    (http, database) = served
    await write(database, 5)
    async with database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM live_events WHERE seq <= 3"))
    async with listening(http.client, "?after=2") as events:
        assert (await anext(events))["_event"] == "reset"
    async with listening(http.client, "?after=3") as events:
        assert await told(events, 2) == [4, 5]


async def test_a_commit_costs_one_reading_for_all_streams(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 60)
    tail, read = live.Tail(database), list[str]()

    def note(*said: object) -> None:
        if "FROM live_events" in str(said[2]):
            read.append(str(said[2]))

    async def welcome() -> bool:
        return True

    streams = [live.stream(tail, None, asyncio.Event(), welcome) for _ in range(50)]
    assert all([b"heartbeat" in await anext(one) for one in streams])
    hook.listen(Engine, "before_cursor_execute", note)
    try:
        for writer in range(10):
            async with asyncio.TaskGroup() as tasks:
                told = [tasks.create_task(anext(one)) for one in streams]
                tasks.create_task(write(database, 1, writer))
            assert len({one.result() for one in told}) == 1
    finally:
        hook.remove(Engine, "before_cursor_execute", note)
    assert 10 <= len(read) <= 20, "one after each commit, and the polls of some seconds"
    for one in streams:
        await one.aclose()


async def test_shutdown_ends_open_streams(served: tuple[Served, Database]) -> None:
    (http, _) = served
    async with listening(http.client) as events:
        await anext(events)
        http.stop.set()
        with contextlib.suppress(StopAsyncIteration):
            async with asyncio.timeout(3):
                while True:
                    await anext(events)


async def test_a_reader_who_leaves_is_forgotten(served: tuple[Served, Database]) -> None:
    (http, _) = served
    async with listening(http.client) as events:
        await anext(events)
        assert "intake112_live_listeners 1.0" in (await http.client.get("/metrics")).text
    await nobody_listens(http)


async def nobody_listens(http: Served) -> None:
    """Wait until all streams have ended."""
    async with asyncio.timeout(5):
        while "intake112_live_listeners 0.0" not in (await http.client.get("/metrics")).text:
            pass


async def test_who_leaves_in_the_middle_of_a_reading_costs_no_connection(served: tuple[Served, Database]) -> None:
    (http, _), lost = served, list[object]()

    def note(*said: object) -> None:
        lost.append(said)

    async def comes_and_goes() -> None:
        for _ in range(10):
            async with http.client.stream("GET", "/api/v1/live") as answer:
                assert answer.status_code == 200

    hook.listen(Pool, "invalidate", note)
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(10):
                tasks.create_task(comes_and_goes())
        await nobody_listens(http)
    finally:
        hook.remove(Pool, "invalidate", note)
    assert lost == []


async def test_whoever_may_not_read_any_more_is_cut_off(
    served: tuple[Served, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    (http, database) = served
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    async with listening(http.client) as events:
        await anext(events)
        async with database.transaction() as tx:
            await tx.connection.execute(text("DELETE FROM tokens"))
        with contextlib.suppress(StopAsyncIteration):
            async with asyncio.timeout(5):
                while True:
                    await anext(events)


async def test_events_that_never_stop_keep_nobody_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0)
    answers = [True, True, False]

    async def welcome() -> bool:
        return answers.pop(0)

    events, told = live.stream(live.Tail(database), None, asyncio.Event(), welcome), list[bytes]()
    async with asyncio.timeout(10):
        while (one := await anext(events, None)) is not None:
            told.append(one)
            await write(database, 1, len(told))
    assert answers == []
    assert [b"event: heartbeat" in one for one in told] == [True, False, True]


@pytest.mark.real
async def test_a_stream_that_begins_while_the_database_is_away_waits_for_it(postgres: PostgresServer) -> None:
    """Its answer has begun by then; a page whose stream breaks does not know why."""
    async with (
        postgres.fresh("live_away", "intake112_template") as url,
        Gate.to(postgres.port) as gate,
        Database.open(url.replace(str(postgres.port), str(gate.port)), SetClock()) as database,
    ):
        await gate.shut()

        async def welcome() -> bool:
            return True

        events = live.stream(live.Tail(database), None, asyncio.Event(), welcome)
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            first = tasks.create_task(anext(events))
            await asyncio.wait([first], timeout=0.3)
            assert not first.done()
            await gate.open()
            assert b"event: heartbeat" in await first
        await events.aclose()


async def test_the_address_is_checked(served: tuple[Served, Database]) -> None:
    (http, _) = served
    for query in ("?after=-1", "?after=x", f"?after={2**70}"):
        answer = await http.client.get(f"/api/v1/live{query}")
        assert (answer.status_code, answer.json()["field"]) == (422, "after")


def test_every_kind_that_is_told_is_promised() -> None:
    rooms = ("ami_bridge", "intake", "intake112", "routing", "db")
    files = [file for room in rooms for file in Path(room).rglob("*.py")]
    told = {kind for file in files for kind in re.findall(r"tx\.tell\(\"(\w+)\"", file.read_text())}
    assert {"report", "agency"} <= told <= set(KINDS)
