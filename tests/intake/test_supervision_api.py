"""The supervisor's board: what is overdue comes first, nothing open is left out, each alarm once. On both databases."""

from datetime import timedelta

from sqlalchemy import select

from db import dispatches, machine_room, reports, tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake.facts import CallKey, Ended
from routing.steps import AnswerWord
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency, book, close, ring
from tests.intake.sitting import OP1, at_pbx, call, machines, person
from tests.intake.test_escalating import answer, look
from tests.intake.test_joining import join


async def supervisor(client: Client, database: Database) -> dict[str, str]:
    """Return the headers of Rini, who supervises."""
    return (await person(client, database, "rini", "supervisor")).headers


async def seen(client: Client, headers: dict[str, str]) -> Json:
    """Return the board."""
    answer = await client.get("/api/v1/supervision", headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def opened(client: Client, database: Database, clock: SetClock, headers: dict[str, str], *agencies: str) -> str:
    """Open a report a second later and dispatch it."""
    clock.forward(seconds=1)
    made = await client.post("/api/v1/reports", json={"source": "walk-in"}, headers=headers)
    number = str(made.json()["number"])
    if agencies:
        url = f"/api/v1/reports/{number}/dispatches"
        sent = await client.post(url, json={"agencies": list(agencies)}, headers=headers)
        assert sent.status_code == 201, sent.text
    return number


async def test_open_reports_come_in_the_order_of_who_is_forgotten(
    client: Client, database: Database, clock: SetClock
) -> None:
    rini = await supervisor(client, database)
    await add_agency(database, "damkar", "kebakaran")
    quiet = await opened(client, database, clock, rini)
    late = [await opened(client, database, clock, rini, "damkar") for _ in range(2)]
    clock.forward(minutes=10)
    fresh = [await opened(client, database, clock, rini, "damkar") for _ in range(2)]
    done = await opened(client, database, clock, rini)
    await client.patch(f"/api/v1/reports/{done}", json={"status": "resolved"}, headers=rini | {"If-Match": '"1"'})
    await close(database, done)
    shown = (await seen(client, rini))["open"]
    assert [one["number"] for one in shown.pop("first")] == [*late, *fresh, quiet]
    assert shown == {"total": 5, "unaccepted": 4, "overdue": 2, "rejected": 0, "silent": 0, "untouched": 1}


async def test_what_an_agency_rejected_or_fell_silent_about_is_no_quieter_than_what_is_overdue(
    client: Client, database: Database, clock: SetClock
) -> None:
    rini = await supervisor(client, database)
    for code in ("damkar", "pmi"):
        await add_agency(database, code)
    silent = await opened(client, database, clock, rini, "damkar")
    waits = await opened(client, database, clock, rini, "damkar")
    rejected = await opened(client, database, clock, rini, "damkar", "pmi")
    words: dict[str, AnswerWord] = {silent: "accepted", waits: "accepted", rejected: "rejected"}
    for number, word in words.items():
        await answer(database, await first_of(database, number), word)
    clock.forward(hours=5)
    assert await look(database) >= 1
    await answer(database, await first_of(database, waits), "en_route")
    shown = (await seen(client, rini))["open"]
    assert [one["number"] for one in shown.pop("first")] == [rejected, silent, waits], "PMI may yet be on its way there"
    assert shown == {"total": 3, "unaccepted": 1, "overdue": 1, "rejected": 1, "silent": 1, "untouched": 0}
    board = (await client.get("/api/v1/wallboard", headers=rini)).json()["dispatches"]
    assert (board["unaccepted"], board["rejected"], board["silent"]) == (1, 1, 1)
    clock.forward(seconds=1)
    again = f"/api/v1/reports/{rejected}/dispatches"
    assert (await client.post(again, json={"agencies": ["damkar"]}, headers=rini)).status_code == 201
    assert (await seen(client, rini))["open"]["rejected"] == 0, "somebody else has it"


async def test_who_accepted_and_gave_up_is_urgent_at_once_until_another_has_it(
    client: Client, database: Database, clock: SetClock
) -> None:
    rini = await supervisor(client, database)
    for code in ("damkar", "pmi"):
        await add_agency(database, code)
    head = await opened(client, database, clock, rini)
    number = await opened(client, database, clock, rini, "damkar", "pmi")
    sent = await first_of(database, number)
    clock.forward(seconds=1)

    async def told() -> tuple[str, bool, int, int, int]:
        board = (await client.get("/api/v1/wallboard", headers=rini)).json()["dispatches"]
        open_now = (await seen(client, rini))["open"]
        urgent = open_now["first"][0]["number"] == number
        report = (await client.get(f"/api/v1/reports/{number}", headers=rini)).json()
        damkar = next(one for one in report["dispatches"] if one["agency"] == "damkar")
        assert [one["gave_up"] for one in report["dispatches"] if one["agency"] == "pmi"] == [False]
        return damkar["state"], damkar["gave_up"], open_now["rejected"], board["rejected"], open_now["silent"] + urgent

    words: tuple[AnswerWord, ...] = ("accepted", "rejected", "en_route", "rejected")
    for word, expected in zip(
        words,
        (
            ("accepted", False, 0, 0, 1),
            ("accepted", True, 1, 1, 1),
            ("en_route", False, 0, 0, 1),
            ("en_route", True, 1, 1, 1),
        ),
        strict=True,
    ):
        await answer(database, sent, word)
        clock.forward(seconds=3)  # the wallboard is shared for so long
        assert await told() == expected, word
    assert await look(database) == 1
    clock.forward(hours=2)
    assert await look(database) >= 1, "it is asked, too"
    assert (await told())[1:4] == (True, 1, 1), "nobody followed"
    await join(database, number, head)
    assert (await told())[1:4] == (True, 1, 1), "joined or not"
    url = f"/api/v1/reports/{head}/dispatches"
    await add_agency(database, "bpbd")
    assert (await client.post(url, json={"agencies": ["bpbd"]}, headers=rini)).status_code == 201
    clock.forward(seconds=3)
    assert (await told())[1:4] == (False, 0, 0), "somebody else has it"


async def first_of(database: Database, number: str) -> DispatchRow:
    """Return the dispatch to damkar of a report."""
    async with database.reading() as reading:
        report = await reports.find(reading, number)
        assert report is not None
        rows = (await dispatches.of_reports(reading, [report.id]))[report.id]
        return next(one for one in rows if one.agency == "damkar")


async def test_desks_calls_and_what_waits_for_somebody(client: Client, database: Database, clock: SetClock) -> None:
    rini = await supervisor(client, database)
    siti = await person(client, database, "siti")
    await machines(database)
    await siti.start(OP1)
    await at_pbx(database, "ready", OP1)
    answered, _ = call(database)
    await book(database, *answered)
    shown = await seen(client, rini)
    (desk,), (talk,) = shown["desks"], shown["calls"]
    assert (desk["user"], desk["state"], desk["report"]) == ("siti", "talking", talk["number"])
    number = await ring(database, clock(), "+6281200000002", 2)
    report = (await client.get(f"/api/v1/reports/{number}", headers=rini)).json()
    etag = {"If-Match": f'"{report["version"]}"'}
    changed = await client.patch(f"/api/v1/reports/{number}", json={"class": "prank"}, headers=siti.headers | etag)
    assert changed.status_code == 200, changed.text
    asked = await siti.post(f"/reports/{number}/strike", {"note": "anak-anak"})
    assert asked[0] == 201, asked
    (strike,) = (await seen(client, rini))["strikes"]
    assert (strike["report"], strike["asked_by"], strike["holds"]) == (number, "siti", False)
    await client.post(f"/api/v1/strikes/{strike['id']}/confirm", json={}, headers=rini)
    assert (await seen(client, rini))["strikes"] == []
    assert (await siti.post("/shift/end"))[0] == 200
    (left,) = (await seen(client, rini))["handovers"]
    assert left["from"] == "siti"
    assert talk["number"] in left["reports"]
    assert (await client.get("/api/v1/supervision", headers=siti.headers)).status_code == 403


async def test_worklist_totals(client: Client, database: Database, clock: SetClock) -> None:
    rini = await supervisor(client, database)
    await ring(database, clock() - timedelta(minutes=2), "+6281200000001")
    assert (await seen(client, rini))["worklist"] == {
        "owed": 0,
        "unowned": 0,
        "oldest_due_at": None,
        "not_owed": 0,
        "without_number": 0,
    }
    await book(database, Ended(CallKey("pbx-1", "c.1"), clock(), "abandoned", "16"))
    totals = (await seen(client, rini))["worklist"]
    assert (totals["owed"], totals["unowned"]) == (1, 1)
    assert totals["oldest_due_at"] > "2026-03-14T01:59"


async def test_each_alarm_is_told_once_and_processes_of_a_kind_are_one(client: Client, database: Database) -> None:
    rini = await supervisor(client, database)
    await add_agency(database, "damkar", "kebakaran")
    await client.post("/api/v1/agencies/damkar/pause", json={"reason": "server mereka pindah"}, headers=rini)
    same = machine_room.Alarm("heartbeat", "No test letter came through.")
    theirs = machine_room.Alarm("agency_paused", "damkar is paused.")
    ahead = machine_room.Alarm("clock", "Ahead.", {"seconds": 7})
    async with database.transaction() as tx:
        for name in ("routing:0a", "routing:0b", "routing"):
            await machine_room.beat(tx, name, "running", "", alarms=[same, theirs])
        await machine_room.beat(tx, "bridge:pbx-1:0a", "connected", "", alarms=[ahead])
    alarms = (await seen(client, rini))["alarms"]
    assert (alarms[1]["values"]["agency"], alarms[2]["values"]) == ("Damkar", {"seconds": 7})
    assert [(one["code"], one["source"], one["pbx"], one["agency"], one["bad"]) for one in alarms] == [
        ("heartbeat", "routing", None, None, True),
        ("agency_paused", "routing", None, "Damkar", False),
        ("clock", "bridge", "pbx-1", None, False),
    ]
    assert alarms[1]["since"].startswith("2026-03-14T01:59")


async def test_a_report_is_taken_over_and_says_from_whom(client: Client, database: Database, clock: SetClock) -> None:
    rini = await supervisor(client, database)
    siti = await person(client, database, "siti")
    made = await client.post("/api/v1/reports", json={"source": "walk-in"}, headers=siti.headers)
    number = made.json()["number"]
    clock.forward(seconds=1)
    url = f"/api/v1/reports/{number}/take-over"
    assert (await client.post(url, json={}, headers=siti.headers)).status_code == 403
    taken = await client.post(url, json={}, headers=rini)
    assert (taken.status_code, taken.json()) == (200, {"number": number, "of": ["siti"]})
    report = (await client.get(f"/api/v1/reports/{number}", headers=rini)).json()
    assert (report["entries"][-1]["author"], report["entries"][-1]["text"]) == (
        *("rini", "Laporan diambil alih dari siti"),
    )
    assert (report["handover"]["from"], report["handover"]["taken_by"]) == ("siti", "rini")
    assert (await client.post("/api/v1/handovers", json={"note": "x"}, headers=siti.headers)).json()["error"] == (
        "nothing_to_hand_over"
    )
    mine = await client.post("/api/v1/handovers", json={"note": "lanjutkan"}, headers=rini)
    assert mine.json()["reports"] == [number]
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.audit.c.actor, tables.audit.c.action))
        assert ("rini", "report.taken_over") in [tuple(row) for row in rows]
