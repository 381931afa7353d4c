"""Groups stay flat whatever is joined and undone, and whoever does it at the same time. On both databases."""

import asyncio
import functools
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import duplicates, reports
from db.engine import Database, DeadlockError
from intake import dispatching, handset, joining, linking, pins
from intake.duplicate_refusals import AlreadyJoinedError, NotJoinedError
from intake.facts import CallKey, Located, Position
from intake.pins import Pin
from intake.refusals import DeskError
from routing.refusals import DispatchOverError
from tests.conftest import START, SetClock
from tests.intake.conftest import PUBLIC_URL, book, close, ring
from tests.intake.test_aml import V1
from tests.intake.test_endings import waits_for_a_lock
from tests.intake.test_joining import edit, find, fires, join, opened, says, send, statuses, texts, undo
from tests.routing.running import until
from tests.routing.test_outbox import audit

__all__ = ["fires"]


async def test_a_head_takes_its_own_along_and_back(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    await join(database, third, second)
    await join(database, second, first)

    async def groups() -> list[tuple[str | None, int]]:
        rows = [await find(database, one) for one in fires]
        return [(row.duplicate_of, row.joined or 0) for row in rows]

    assert await groups() == [(None, 2), (first, 0), (first, 0)]
    await undo(database, second)
    assert await groups() == [(None, 0), (None, 1), (second, 0)]
    assert [one for one in await audit(database) if one[1].startswith("Incident") and "erge" in one[1]] == [
        ("siti", "IncidentMerge", third),
        ("siti", "IncidentMerge", second),
        ("siti", "IncidentUnMerge", second),
    ]
    assert (await texts(database, second))[-1] == f"Tidak lagi digabung dengan laporan {first}."
    assert (await texts(database, first))[-1] == f"Laporan {second} tidak lagi digabung dengan laporan ini."


OPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=4, max_size=12)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(OPS)
async def test_any_joins_and_undoings_keep_groups_flat(database: Database, ops: list[tuple[int, int]]) -> None:
    """(a, b) joins a to b, or undoes a's join when a == b; the model is a graph of the joins that hold."""
    numbers = [await opened(database) for _ in range(5)]
    edges: dict[int, int] = {}  # who was joined -> the head at that time

    def component(start: int) -> set[int]:
        found, more = {start}, [start]
        while more:
            at = more.pop()
            near = {b for a, b in edges.items() if a == at} | {a for a, b in edges.items() if b == at}
            more += near - found
            found |= near
        return found

    for one, other in ops:
        (top,) = component(other) - edges.keys()
        try:
            if one == other:
                await undo(database, numbers[one])
                del edges[one]
            else:
                await join(database, numbers[one], numbers[other])
                if component(one) != component(other):
                    edges[one] = top
        except NotJoinedError:
            assert one not in edges
        except AlreadyJoinedError:
            assert one in edges or top == one
        async with database.reading() as reading:
            found = await duplicates.by_numbers(reading, numbers)
        rows = [found[number] for number in numbers]
        for n, row in enumerate(rows):
            (head,) = component(n) - edges.keys()
            assert row.duplicate_of == (None if n == head else numbers[head])
            assert (row.joined or 0) == (len(component(n)) - 1 if n == head else 0)
            assert (row.joined_to is None) is (row.joined_at is None) is (n == head)


# -- at once -----------------------------------------------------------------------------------------------------------


async def at_once(*jobs: Callable[[], Awaitable[None]]) -> list[DeskError]:
    """Do all at the same time; return what was refused."""
    refused: list[DeskError] = []

    async def do(job: Callable[[], Awaitable[None]]) -> None:
        try:
            await job()
        except DeskError as error:
            refused.append(error)

    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(do(job))
    return refused


async def test_two_join_each_others_reports_at_once(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    for _ in range(4):
        refused = await at_once(
            functools.partial(join, database, first, second),
            functools.partial(join, database, second, first),
            functools.partial(join, database, third, second),
            functools.partial(edit, database, second, "narrative", "Asap tebal"),
        )
        assert len([one for one in refused if isinstance(one, AlreadyJoinedError)]) == 1, refused
        rows = {one: await find(database, one) for one in fires}
        (head,) = [one for one, row in rows.items() if row.duplicate_of is None]
        assert {row.duplicate_of for row in rows.values()} == {None, head}
        assert rows[head].joined == 2
        for number in fires:
            if number != head:
                await undo(database, number)
        await edit(database, second, "narrative", None)


async def test_a_step_waits_for_a_join_that_is_under_way(
    database: Database, fires: list[str], database_kind: str
) -> None:
    """It looked before the join was there, and closes the whole group all the same."""
    first, second, _ = fires
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await joining.join(tx, second, first, "siti", PUBLIC_URL)
        tasks.create_task(close(database, first))
        if database_kind == "postgresql":
            await until(functools.partial(waits_for_a_lock, database))
    assert await statuses(database, first, second) == ["closed", "closed"]


async def test_who_saw_a_report_alone_that_is_joined_meanwhile_does_it_again(
    database: Database, fires: list[str], database_kind: str
) -> None:
    """The line takes no savepoint for a report that is in no group; it must have the whole group all the same."""
    first, second, _ = fires
    seen, ended = await find(database, second), 0

    async def lock() -> set[str]:
        nonlocal ended
        while True:
            try:
                async with database.transaction() as tx:
                    return {row.number for row in (await duplicates.lock_ids(tx, [seen.id])).values()}
            except DeadlockError:
                ended += 1

    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await joining.join(tx, second, first, "siti", PUBLIC_URL)
        locked = tasks.create_task(lock())
        if database_kind == "postgresql":
            await until(functools.partial(waits_for_a_lock, database))
    assert await locked == {first, second}
    assert ended == (1 if database_kind == "postgresql" else 0)


@pytest.mark.parametrize("what", ["pin", "link", "unlink", "aml", "network"])
async def test_reports_are_locked_the_lowest_first_whoever_does_it(
    database: Database, database_kind: str, clock: SetClock, what: str
) -> None:
    """Who has the lowest and wants the other gets it: nobody has that and waits for the lowest."""
    first, second = await ring(database, START, "081200000001", 1), await ring(database, START, "081200000002", 2)
    made = ""
    if what == "unlink":
        async with database.transaction() as tx:
            made = (await linking.link(tx, second, first, "siti")).id
    elif what != "link":
        await join(database, second, first)

    async def do() -> None:
        if what == "network":
            await book(database, Located(CallKey("pbx-1", "c.2"), START, Position(-7.0083, 113.8591, 150.0, "Cell")))
            return
        async with database.transaction() as tx:
            if what == "pin":
                await pins.pin(tx, second, Pin((-7.0, 113.9)), "siti", PUBLIC_URL)
            elif what == "link":
                await linking.link(tx, second, first, "siti")
            elif what == "unlink":
                await linking.undo(tx, made, "siti")
            else:
                await handset.take(tx, handset.of_sms("+6281200000002", V1, START), "aml", PUBLIC_URL)

    lower, higher = await find(database, first), await find(database, second)
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await reports.lock(tx, lower.id)
        tasks.create_task(do())
        if database_kind == "postgresql":
            await until(functools.partial(waits_for_a_lock, database))
        await reports.lock(tx, higher.id)
        await reports.touch(tx, higher.id)


async def test_an_answer_and_a_join_at_once(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    (row,) = await send(database, second, "damkar")
    await says(database, row, "accepted")
    await at_once(
        functools.partial(join, database, second, first),
        functools.partial(says, database, row, "resolved"),
    )
    group = await statuses(database, first, second)
    assert group in (["resolved", "resolved"], ["working", "resolved"]), "before the join it was the other's alone"
    async with database.transaction() as tx:
        with pytest.raises(DispatchOverError):
            await dispatching.cancel(tx, row.id, "Salah", "siti", PUBLIC_URL)
