"""Reads that matter are in the record: once in ten minutes, written together, lost by no error. On both databases."""

import json

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from db import chain
from db.chain import AuditRow
from db.engine import Database, DatabaseUnavailableError
from intake.access import Who
from intake.reads import Reads
from tests.conftest import SetClock
from tests.intake.conftest import Client, LogIn, ring
from tests.intake.rang import rang

SITI = Who("siti", "operator", session="0123456789abcdef")


async def noted(database: Database) -> list[AuditRow]:
    """Return what the record says of reads."""
    async with database.reading() as reading:
        return [row for row in await chain.rows_after(reading, 0, 1_000) if row.action.startswith("report")]


async def test_opening_is_told_once_in_ten_minutes(
    app: FastAPI, operator: Client, database: Database, clock: SetClock
) -> None:
    number = await ring(database, clock.now)
    for _ in range(20):  # its page refreshes it
        assert (await operator.get(f"/api/v1/reports/{number}")).status_code == 200
    assert (await operator.get("/api/v1/reports/112-20260314-0999")).status_code == 404
    assert await noted(database) == [], "no GET writes"
    await app.state.reads.flush()
    (row,) = await noted(database)
    assert (row.actor, row.action, row.subject, row.detail) == ("the operator", "report.read", number, "{}")
    clock.forward(minutes=10)
    await operator.get(f"/api/v1/reports/{number}")
    await app.state.reads.flush()
    assert len(await noted(database)) == 2


async def test_a_search_is_told_without_its_words(app: FastAPI, operator: Client, database: Database) -> None:
    for number in ("081200000001", "081200000001", "081200000002"):
        await operator.get("/api/v1/reports", params={"q": number, "status": "open"})
    await operator.get("/api/v1/reports")
    await app.state.reads.flush()
    rows = await noted(database)
    assert [row.action for row in rows] == ["reports.searched"] * 3, "the same question again is no news"
    assert [json.loads(row.detail) for row in rows] == [{"fields": ["q", "status"]}] * 2 + [{}]
    assert "0812" not in "".join(row.detail + row.subject for row in rows)


async def test_what_tells_of_callers_is_told_too(
    app: FastAPI, as_role: LogIn, database: Database, clock: SetClock
) -> None:
    client = await as_role("supervisor")
    number = await rang(database, clock(), 1)
    (item,) = (await client.get("/api/v1/worklist")).json()["items"]
    paths = (f"reports/{number}/caller", "worklist", f"worklist/{item['id']}", "strikes", "aml")
    for path in (*paths, *paths):
        assert (await client.get(f"/api/v1/{path}")).status_code == 200
    await app.state.reads.flush()
    async with database.reading() as reading:
        rows = [row for row in await chain.rows_after(reading, 0, 1_000) if row.action.endswith(".read")]
    assert {row.actor for row in rows} == {"the supervisor"}
    assert sorted((row.action, row.subject) for row in rows) == sorted(
        [
            ("caller.read", number),
            ("worklist.read", "worklist"),
            ("worklist.read", item["id"]),
            ("strikes.read", "strikes"),
            ("handsets.read", "aml"),
        ]
    )


async def test_what_many_read_is_one_transaction(database: Database, clock: SetClock) -> None:
    reads = Reads(database)
    for n in range(300):
        reads.opened(Who(f"siti{n}", "operator", session=f"s{n}"), "112-1")
        clock.forward(microseconds=1)
    await reads.flush()
    rows = await noted(database)
    assert (len(rows), len({row.at for row in rows})) == (300, 1)
    assert (await chain.verify(database)).bad is None


async def test_two_sessions_of_a_person_are_two_rows(database: Database) -> None:
    reads = Reads(database)
    for session in ("a", "b", "a"):
        reads.opened(Who("siti", "operator", session=session), "112-1")
    await reads.flush()
    assert len(await noted(database)) == 2


async def test_reads_wait_while_the_database_takes_nothing_and_are_written_at_the_end(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.reads.WITHIN_S", 0.01)
    reads = Reads(database)
    async with database.transaction() as tx:
        await tx.connection.execute(text("ALTER TABLE audit RENAME TO gone"))
    async with reads.written():
        reads.opened(SITI, "112-1")
        with pytest.raises(DatabaseUnavailableError):
            await reads.flush()
        async with database.transaction() as tx:
            await tx.connection.execute(text("ALTER TABLE gone RENAME TO audit"))
        reads.opened(SITI, "112-2")
    assert [row.subject for row in await noted(database)] == ["112-1", "112-2"]


async def test_what_is_lost_is_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.reads.MOST_WAITING", 1)
    reads = Reads(database)
    for number in ("112-1", "112-2", "112-3"):
        reads.opened(SITI, number)
    await reads.flush()
    async with database.reading() as reading:
        rows = await chain.rows_after(reading, 0, 10)
    assert [(row.action, row.detail) for row in rows] == [("report.read", "{}"), ("reads.lost", '{"count":2}')]
