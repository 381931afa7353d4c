"""What handsets tell joins the call of its number, whichever comes first, once. On both databases."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text

from db import handsets, reports, tables
from db.engine import Database, Transaction
from intake import access, booking, handset, numbers
from intake.api.app import create_app
from intake.api.guard import FORM
from intake.facts import Arrived, CallKey, Described, Ended
from intake.handset import MOST_POSITIONS, MOST_TOLD
from tests.conftest import START, SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, LogIn, book, ring
from tests.intake.test_aml import HTTPS, SIGNED, V1

REPORT = "/api/v1/reports/112-20260314-0001"
NUMBER = "+6281200000001"
SMS = {"from": NUMBER, "text": V1, "at": "2026-03-14T01:59:25Z"}
NOWHERE = V1.replace("-7.00830", "0.0").replace("+113.85910", "0.0").replace("rd=14", "rd=N")


async def tell(client: Client, body: Json | None = None) -> Json:
    """Post a message as a gateway does, and return what became of it."""
    answer = await client.post("/api/v1/aml", json=SMS if body is None else body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def place(client: Client) -> Json:
    """Where the report is."""
    found: Json = (await client.get(REPORT)).json()["location"]
    return found


async def test_a_message_joins_the_call_that_is_there(operator: Client, database: Database) -> None:
    await ring(database, START)
    before = (await operator.get(REPORT)).json()["version"]
    told = await tell(operator)
    assert (told["state"], told["report"], told["again"]) == ("joined", "112-20260314-0001", False)
    shown = (await operator.get(REPORT)).json()
    assert shown["version"] == before + 1
    (one,) = shown["location"].pop("positions")
    assert shown["location"] == {
        "text": None,
        "lat": -7.0083,
        "lon": 113.8591,
        "method": "wifi",
        "radius_m": 14.0,
        "measured_at": "2026-03-14T01:59:20Z",
        "place": None,
        "place_name": None,
        "links": [],
    }
    assert (one["source"], one["by"], one["detail"], one["at"]) == (
        *("handset", "AML", {"confidence": 68.0}),
        "2026-03-14T01:59:26.535897Z",
    )
    assert shown["entries"][-1]["text"] == "Posisi dari ponsel penelepon: -7.00830, 113.85910, radius 14 m, cara wifi"
    async with database.reading() as reading:
        a, e = tables.audit.c, tables.live_events.c
        actions = (await reading.connection.execute(select(a.action).order_by(a.n))).scalars().all()
        told_live = (await reading.connection.execute(select(e.version).order_by(e.seq.desc()).limit(1))).scalar_one()
    assert actions[-2:] == ["handset.told", "position.learnt"]
    assert told_live == shown["version"]


@pytest.mark.parametrize("described", [False, True], ids=["with the ring", "with what the dialplan said later"])
async def test_a_message_waits_for_its_call(operator: Client, database: Database, described: bool) -> None:
    assert (await tell(operator))["state"] == "waiting"
    if described:
        await ring(database, START, number=None)
        assert (await place(operator))["lat"] is None
        await book(database, Described(CallKey("pbx-1", "c.1"), START, False, number_raw="081200000001"))
    else:
        await ring(database, START, number="081200000001")
    shown = await place(operator)
    assert (shown["lat"], shown["radius_m"], len(shown["positions"])) == (-7.0083, 14.0, 1)
    again = await tell(operator)
    assert (again["state"], again["report"], again["again"]) == ("joined", "112-20260314-0001", True)
    assert len((await place(operator))["positions"]) == 1


async def _ring(tx: Transaction) -> None:
    caller = Arrived(CallKey("pbx-1", "c.1"), START, "c.1", "trunk", "112", "081200000001", None)
    await booking.book(tx, [caller], WIB, PUBLIC_URL)


async def _tell(tx: Transaction) -> None:
    await handset.take(tx, handset.of_sms(NUMBER, V1, None), "gateway", PUBLIC_URL)


@pytest.mark.parametrize("order", [(_ring, _tell), (_tell, _ring)], ids=["ring first", "message first"])
async def test_of_two_in_the_same_moment_one_sees_the_other(
    operator: Client, database: Database, order: tuple[Callable[[Transaction], Awaitable[None]], ...]
) -> None:
    first, second = order

    async def whole() -> None:
        async with database.transaction() as tx:
            await second(tx)

    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await first(tx)
        beside = tasks.create_task(whole())
        await as_far_as_it_goes(database, beside)
    assert (await place(operator))["lat"] == -7.0083


@pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite has one writer
async def test_a_message_that_waits_for_its_report_holds_up_no_other_caller(
    operator: Client, database: Database
) -> None:
    number = await ring(database, START)

    async def whole() -> None:
        async with database.transaction() as tx:
            await _tell(tx)

    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        found = await reports.find(tx, number)
        assert found is not None
        await reports.lock(tx, found.id)
        beside = tasks.create_task(whole())
        await as_far_as_it_goes(database, beside)
        assert not beside.done()
        async with asyncio.timeout(5):
            assert await ring(database, START, number="081200000002", n=2) == "112-20260314-0002"
    assert (await place(operator))["lat"] == -7.0083


@pytest.mark.parametrize("raw", ["+6281200000001", "081200000001", "<sip:+6281200000001@192.0.2.1:5060>", "00001"])
def test_all_forms_of_a_number_end_alike(raw: str) -> None:
    assert numbers.ending(raw) == "00001"


async def as_far_as_it_goes(database: Database, task: asyncio.Task[None]) -> None:
    """Wait until a task is done, or waits for a lock of the transaction that is open beside it."""
    if database.is_sqlite:
        await asyncio.wait([task], timeout=0)
        return
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while not task.done():
            async with database.reading() as reading:
                if (await reading.connection.execute(waits)).scalar_one():
                    return


async def test_the_same_twice_is_once_by_whatever_way(operator: Client, database: Database) -> None:
    await ring(database, START)
    assert not (await tell(operator))["again"]
    assert (await tell(operator))["again"]
    form = HTTPS | {"location_latitude": "-7.00830", "location_longitude": "113.85910"}
    answer = await operator.post("/api/v1/aml", data=form)
    assert (answer.status_code, answer.json()["again"]) == (200, True)
    assert len((await place(operator))["positions"]) == 1


async def test_forms_are_taken_like_json(operator: Client, database: Database) -> None:
    await ring(database, START)
    sms = await operator.post("/api/v1/aml", data=SMS)
    https = await operator.post("/api/v1/aml", data=HTTPS | {"location_time": "1773453565000"})
    assert [one.json()["state"] for one in (sms, https)] == ["joined", "joined"]
    shown = await place(operator)
    assert [one["method"] for one in shown["positions"]] == ["wifi", "gnss"]
    assert (shown["method"], shown["radius_m"]) == ("gnss", 10.4)


async def test_with_a_secret_only_what_is_signed_is_taken(operator: Client, database: Database) -> None:
    """An SMS of a gateway has no such field, and is taken as ever."""
    app = create_app(database, public_url=PUBLIC_URL, timezone=WIB, aml_secret="AML")
    headers = {"Authorization": operator.headers["Authorization"], "Content-Type": FORM}
    async with Client(transport=httpx2.ASGITransport(app=app), base_url=PUBLIC_URL, headers=headers) as signed:
        taken = await signed.post("/api/v1/aml", content=SIGNED)
        assert (taken.status_code, taken.json()["state"]) == (200, "waiting")
        for body in (SIGNED.replace(b"0.85732", b"-7.0"), SIGNED.partition(b"&hmac")[0]):
            refused = await signed.post("/api/v1/aml", content=body)
            assert (refused.status_code, refused.json()["error"]) == (401, "wrong_hmac")
            assert "INTAKE112_AML_SECRET" in refused.json()["message"]
        assert (await signed.post("/api/v1/aml", data={"from": NUMBER, "text": V1})).status_code == 200
    async with database.reading() as reading:
        assert len(await handsets.newest(reading, 9)) == 2, "what was refused is not kept"


async def test_nowhere_is_no_position_and_what_is_wrong_is_kept(as_role: LogIn, database: Database) -> None:
    client = await as_role("supervisor")
    await ring(database, START)
    bodies = [
        (NUMBER, NOWHERE, "no_position"),
        (NUMBER, "Halo\0", "refused"),
        (NUMBER, V1.replace("113.85910", "413.85910"), "refused"),
        ("INFO", V1, "refused"),
    ]
    for sender, message, state in bodies:
        told = await tell(client, {"from": sender, "text": message, "more": [1]})
        assert (told["state"], told["report"]) == (state, None)
        assert told["reason"]
    shown = await place(client)
    assert (shown["lat"], shown["positions"]) == (None, [])
    kept = (await client.get("/api/v1/aml?limit=2")).json()["messages"]
    assert [one["number_raw"] for one in kept] == ["INFO", NUMBER]
    assert kept[0]["text"].endswith("si=…;ei=…;mcc=510;mnc=10;ml=126")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{", {"content-type": "application/json"}, 422),
        ("[]", {"content-type": "application/json"}, 422),
        ('{"from": 1, "text": "x"}', {"content-type": "application/json"}, 422),
        ('{"from": "1", "text": "x", "at": "yesterday"}', {"content-type": "application/json"}, 422),
        ("&".join(f"a{n}=1" for n in range(101)), {"content-type": "application/x-www-form-urlencoded"}, 422),
        ("a=%ff&=&%", {"content-type": "application/x-www-form-urlencoded"}, 422),
        ("from=1&text=x", {"content-type": "text/plain"}, 415),
    ],
)
async def test_what_is_no_message_is_refused(operator: Client, body: str, headers: dict[str, str], status: int) -> None:
    answer = await operator.post("/api/v1/aml", content=body, headers=headers)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("name", "status"), [("handset", 200), ("handset-xl", 200), ("silapor", 403), ("handsets", 403)]
)
async def test_a_machine_posts_when_it_is_one_for_that_and_learns_of_no_call(
    client: Client, database: Database, name: str, status: int
) -> None:
    async with database.transaction() as tx:
        token = await access.create_token(tx, name, "machine")
    client.headers["Authorization"] = f"Bearer {token}"
    before = await client.post("/api/v1/aml", json=SMS)
    await ring(database, START)
    beside = await client.post("/api/v1/aml", json=SMS | {"text": V1.replace("015920", "015921")})
    assert (before.status_code, beside.status_code) == (status, status)
    if status == 200:
        answers = [one.json() for one in (before, beside)]
        assert {(one["state"], one["reason"], one["report"]) for one in answers} == {("taken", None, None)}
        wrong = (await client.post("/api/v1/aml", json=SMS | {"text": "Halo"})).json()
        assert (wrong["state"], bool(wrong["reason"])) == ("refused", True)
    async with database.reading() as reading:
        kept = [one.state for one in await handsets.newest(reading, 9)]
    assert kept == (["refused", "joined", "joined"] if status == 200 else [])


def test_no_paper_gives_an_outside_machine_a_token_of_the_desk() -> None:
    root = Path(handset.__file__).parents[1]
    papers = [*root.glob("*.md"), *root.glob("docs/**/*.md")]
    given = [
        found.group()
        for paper in papers
        for found in re.finditer(r"token create .*?--role (?!machine)\w+", paper.read_text())
    ]
    assert given == []


async def test_forms_are_taken_nowhere_else(operator: Client) -> None:
    assert (await operator.post("/api/v1/reports", data={"source": "walk-in"})).status_code == 415


async def test_which_call_it_joins(operator: Client, database: Database, clock: SetClock) -> None:
    await ring(database, START - timedelta(minutes=40), n=1)
    await book(database, Ended(CallKey("pbx-1", "c.1"), START - timedelta(minutes=16), "answered", None))
    assert (await tell(operator))["state"] == "waiting", "that call was over long before"
    await ring(database, START - timedelta(minutes=30), number="081200000002", n=2)
    talking = await tell(operator, SMS | {"from": "081200000002"})
    assert talking["report"] == "112-20260314-0002", "it goes on"
    await ring(database, START, n=3)
    await ring(database, START + timedelta(minutes=1), n=4)
    second = await tell(operator, SMS | {"text": V1.replace("015920", "015921")})
    assert second["report"] == "112-20260314-0004", "the newest"
    clock.forward(minutes=16)
    await tell(operator, {"from": "081200000005", "text": V1, "at": "2026-03-14T01:59:25Z"})
    await ring(database, clock(), number="081200000005", n=5)
    assert (await operator.get(REPORT.replace("0001", "0005"))).json()["location"]["lat"] is None, "too long ago"


async def test_a_persons_place_stays(operator: Client, database: Database) -> None:
    await ring(database, START)
    await operator.post(f"{REPORT}/positions", json={"lat": -6.9, "lon": 113.7})
    await tell(operator)
    shown = await place(operator)
    assert (shown["lat"], shown["method"]) == (-6.9, "pin")
    assert [one["source"] for one in shown["positions"]] == ["person", "handset"]


async def test_a_handset_that_never_stops_fills_no_report(operator: Client, database: Database) -> None:
    await ring(database, START)

    def nth(n: int) -> handset.Message:
        return handset.of_sms(NUMBER, V1.replace("-7.00830", f"-7.{n:05}"), None)

    last = nth(0)
    for n in range(MOST_POSITIONS + 2):
        last = nth(n)
        async with database.transaction() as tx:
            await handset.take(tx, last, "gateway", PUBLIC_URL)
    async with database.transaction() as tx:
        row = (await handset.take(tx, last, "gateway", PUBLIC_URL)).row
    assert (row.state, row.reason) == ("joined", "the report has 100 positions of handsets already")
    shown: Any = (await operator.get(REPORT)).json()
    assert len(shown["location"]["positions"]) == MOST_POSITIONS
    assert len([one for one in shown["entries"] if "ponsel" in one["text"]]) == MOST_TOLD
