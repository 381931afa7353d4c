"""Who has a report open and who writes on it: shown, told, coalesced, over by itself. On both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from db import live
from db.engine import Database
from db.presences import PresenceRow
from intake import access, presence
from intake.presence import OPEN_FOR, SETTLED, WRITING_FOR
from tests.conftest import START, SetClock
from tests.intake.conftest import Client, Json

Lease = Callable[..., PresenceRow]
SECOND = timedelta(seconds=1)


def row(at: float = 0, writing: str | None = None) -> PresenceRow:
    """Return what was saved, or would be, so many seconds after the start."""
    now = START + at * SECOND
    return PresenceRow(1, "siti", now, now + OPEN_FOR, writing, None if writing is None else now + WRITING_FOR)


NEWS = {  # what is saved, what is said now, whether that is saved
    "a new face": (None, row(), True),
    "said again": (row(), row(10), False),
    "half of it has passed": (row(), row(20), True),
    "begins to write": (row(), row(1, "narrative"), True),
    "writes on": (row(0, "narrative"), row(5, "narrative"), False),
    "writes on and on": (row(0, "narrative"), row(6, "narrative"), True),
    "from field to field": (row(0, "narrative"), row(1, "kind"), False),
    "writes in another field": (row(0, "narrative"), row(5, "kind"), True),
    "stops writing": (row(0, "narrative"), row(1), False),
    "writes again": (row(0, "narrative"), row(13, "narrative"), True),
}


@pytest.mark.parametrize("name", NEWS)
def test_most_of_it_is_no_news(name: str) -> None:
    mine, fresh, saved = NEWS[name]
    found = presence.renewed(mine, fresh, fresh.since)
    assert (found is not None) is saved
    if found is not None and mine is not None:
        assert (found.since, found.until) == (mine.since, fresh.until)


def test_whatever_a_page_says_it_is_not_saved_every_second() -> None:
    mine, saved = row(), 0
    for second in range(1, 601):
        fresh = row(second, ("narrative", "kind", None)[second % 3])
        if (found := presence.renewed(mine, fresh, fresh.since)) is not None:
            mine, saved = found, saved + 1
    assert saved <= 600 / SETTLED.total_seconds()


async def test_people_see_each_other_and_who_is_gone_is_gone(
    operator: Client, database: Database, clock: SetClock
) -> None:
    async with database.transaction() as tx:
        other = {"Authorization": f"Bearer {await access.create_token(tx, 'budi', 'operator')}"}
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}/presence"

    async def told() -> int:
        async with database.reading() as reading:
            found = [one for one in await live.after(reading, 0) if one.kind == "presence"]
        assert {one.subject for one in found} <= {number}
        return len(found)

    def seen(answer: Json) -> list[tuple[str, str | None]]:
        return [(one["who"], one["writing"]) for one in answer["present"]]

    assert seen((await operator.post(url, json={})).json()) == [("the operator", None)]
    clock.forward(seconds=1)
    both = await operator.post(url, json={"writing": "location.text"}, headers=other)
    assert seen(both.json()) == [("the operator", None), ("budi", "location.text")]
    for _ in range(5):
        clock.forward(seconds=1)
        await operator.post(url, json={})
        await operator.post(url, json={"writing": "location.text"}, headers=other)
    assert await told() == 2
    clock.forward(seconds=12)
    assert seen((await operator.get(url)).json()) == [("the operator", None), ("budi", None)]
    assert (await operator.delete(url, headers=other)).status_code == 204
    assert (await operator.delete(url, headers=other)).status_code == 204
    assert await told() == 3
    assert seen((await operator.get(url)).json()) == [("the operator", None)]
    clock.forward(seconds=40)
    assert seen((await operator.get(url)).json()) == []
    report = (await operator.get(f"/api/v1/reports/{number}")).json()
    assert report["version"] == 1, "looking is no change"
    assert (await operator.post(url, json={"writing": "Not a field"})).status_code == 422
    assert (await operator.post(url.replace("0001", "0009"), json={})).status_code == 404
