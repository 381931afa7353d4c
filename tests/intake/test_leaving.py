"""Who leaves without a word leaves a hand-over to whoever takes it, and nothing on the worklist. On both databases."""

import asyncio
from datetime import timedelta

import pytest

from db import entries, people, reports
from db.engine import Database
from intake import handing_over, staff
from intake.door import Door
from routing.outbox import token_hash
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json
from tests.intake.rang import rang
from tests.intake.sitting import Person, machines, person, tend

LEFT = "Giliran berakhir tanpa serah terima"


@pytest.fixture
async def siti(client: Client, database: Database) -> Person:
    """Siti is logged in, and the PBX is heard and can be asked."""
    await machines(database)
    return await person(client, database, "siti")


async def got(who: Person, path: str) -> Json:
    """GET from the API."""
    answer = await who.client.get(f"/api/v1{path}", headers=who.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def waiting(who: Person) -> list[Json]:
    """Return the hand-overs that nobody has taken."""
    return list((await got(who, "/handovers?waiting=true"))["handovers"])


async def opened(who: Person) -> str:
    """Open a report and return its number."""
    return str((await who.post("/reports", {"source": "walk-in"}))[1]["number"])


@pytest.mark.parametrize(
    ("way", "seated"),
    [(way, True) for way in ("ended", "by a supervisor", "logged out", "session over", "disabled")]
    + [("logged out", False), ("disabled", False)],
)
async def test_what_is_open_is_shown_to_be_nobodys(
    siti: Person, client: Client, database: Database, clock: SetClock, way: str, seated: bool
) -> None:
    rina = await person(client, database, "rina", "supervisor", hours=24)
    theirs = await opened(rina)
    shift = (await siti.start())["shift"] if seated else ""
    mine = await opened(siti)
    await rang(database, clock(), 1)
    (item,) = (await got(rina, "/worklist"))["items"]
    assert (await siti.post(f"/worklist/{item['id']}/take"))[1]["owner"] == "siti"
    clock.forward(minutes=1)
    match way:
        case "ended":
            assert (await siti.post("/shift/end"))[0] == 200
        case "by a supervisor":
            assert (await rina.post(f"/shifts/{shift}/end"))[0] == 200
        case "logged out":
            await Door(database).log_out("session of siti")
        case "session over":
            clock.forward(hours=12)
            await tend(database)
        case _:
            async with database.transaction() as tx:
                await staff.change(tx, "siti", "rina", disabled=True)
    (left,) = await waiting(rina)
    assert (left["reports"], left["from"], left["to"], left["note"]) == ([mine], "siti", None, LEFT)
    shown = await got(rina, f"/reports/{mine}")
    assert shown["handover"]["id"] == left["id"]
    assert (shown["entries"][-1]["author"], shown["entries"][-1]["text"]) == (
        "siti",
        f"Diserahkan kepada petugas berikutnya: {LEFT}",
    )
    assert (await got(rina, f"/worklist/{item['id']}"))["owner"] is None
    assert (await got(rina, f"/reports/{theirs}"))["handover"] is None
    async with database.transaction() as tx:
        await handing_over.leave(tx, "siti", "siti")
    assert len(await waiting(rina)) == 1, "once"
    assert (await rina.post(f"/reports/{mine}/close", {"disposition": "advised"}))[0] == 200
    assert await waiting(rina) == [], "nothing of it is open"


async def test_who_handed_over_or_is_still_logged_in_leaves_nothing(siti: Person, database: Database) -> None:
    async with database.transaction() as tx:
        for n in range(2):
            await people.add_session(tx, "siti", token_hash(f"session {n}"), tx.now + timedelta(hours=12))
    mine = await opened(siti)
    await Door(database).log_out("session 0")
    assert await waiting(siti) == []
    await siti.start()
    assert (await siti.post("/handovers", {"note": "Tunggu kabar PLN"}))[1]["reports"] == [mine]
    assert (await siti.post("/shift/end"))[0] == 200
    assert [one["note"] for one in await waiting(siti)] == ["Tunggu kabar PLN"]


async def test_two_who_see_it_at_once_leave_one(
    siti: Person, client: Client, database: Database, clock: SetClock
) -> None:
    rina = await person(client, database, "rina", "supervisor", hours=24)
    await siti.start()
    mine = await opened(siti)
    clock.forward(hours=12)
    await asyncio.gather(*(tend(database) for _ in range(4)))
    assert [one["reports"] for one in await waiting(rina)] == [[mine]]


async def test_nothing_is_cut(siti: Person, database: Database) -> None:
    async with database.transaction() as tx:
        for n in range(205):
            opened = {"status": "open", "classification": "normal", "source": "walk-in"}
            row = await reports.add(
                tx, reports.number_of("20260314", n + 1), opened | {"exercise": False, "opened_at": tx.now}
            )
            await entries.add(tx, row.id, "siti", "Dicatat", automatic=False)
    assert len((await siti.post("/handovers", {"note": "Semua"}))[1]["reports"]) == 205
