"""Calls of a number, as the bridge tells them: rung and given up, or answered by a desk."""

from datetime import datetime, timedelta

from db import calls, reports
from db.engine import Database
from intake.facts import Arrived, CallKey, Ended, Fact, Outcome, Taken
from tests.intake.conftest import book

NUMBER = "081234567890"
E164 = "+6281234567890"


def facts_of(
    at: datetime,
    n: int,
    number: str | None = NUMBER,
    *,
    lasted_s: float = 20,
    outcome: Outcome | None = "abandoned",
    trunk: str = "trunk",
) -> list[Fact]:
    """Return the facts of the n-th call, which begins at a time; one whose outcome is `answered` is answered by op1."""
    key, end = CallKey("pbx-1", f"c.{n}"), at + timedelta(seconds=lasted_s)
    facts: list[Fact] = [Arrived(key, at, key.uniqueid, trunk, "112", number, None)]
    if outcome == "answered":
        facts.append(Taken(key, at + timedelta(seconds=1), f"p.{n}", "PJSIP/op1", "op1"))
    return [*facts, Ended(key, end, outcome, "16")]


async def rang(
    database: Database,
    at: datetime,
    n: int,
    number: str | None = NUMBER,
    *,
    lasted_s: float = 20,
    outcome: Outcome | None = "abandoned",
    trunk: str = "trunk",
) -> str:
    """Book such a call, told twice, and return its report's number."""
    for _ in range(2):
        await book(database, *facts_of(at, n, number, lasted_s=lasted_s, outcome=outcome, trunk=trunk))
    return await report_of(database, n)


async def report_of(database: Database, n: int) -> str:
    """Return the report's number of the n-th call."""
    async with database.reading() as reading:
        (call,) = (await calls.by_keys(reading, [("pbx-1", f"c.{n}")])).values()
        return (await reports.by_ids(reading, [call.report_id]))[call.report_id].number
