"""Shifts by the API: what is wished and what the PBX says, who sits where, and that nobody is shown who is gone."""

import asyncio
from datetime import timedelta

import pytest

from db import controls, live, shifts
from db.engine import Database
from intake import staff
from intake.door import Door
from intake.facts import Member, MemberGone, MembersAre
from tests.conftest import SetClock
from tests.intake.conftest import Client, LogIn, book
from tests.intake.sitting import OP1, OP2, Person, asked, at_pbx, broke_off, call, later, machines, person, tend


@pytest.fixture
async def siti(client: Client, database: Database) -> Person:
    """Siti is logged in, and the PBX is heard and can be asked."""
    await machines(database)
    return await person(client, database, "siti")


async def test_a_shift_from_its_begin_to_its_end(siti: Person, database: Database, clock: SetClock) -> None:
    begun = await siti.start()
    assert (begun["user"], begun["state"], begun["wished"], begun["difference"]["code"]) == (
        *("siti", "absent", "ready"),
        "not_confirmed",
    )
    rows = await asked(database)
    assert [(row.action, row.asked_by) for row in rows] == [("member-ready", "siti")]
    assert rows[0].arguments == {"queue": "112", "device": OP1, "name": "siti"}
    clock.forward(seconds=1)
    await at_pbx(database, "ready")
    assert (await siti.desk())["state"] == "ready"
    assert (await siti.desk())["difference"] is None

    await later(database, clock, minutes=1)
    wished = await siti.wish("break", "makan")
    assert (wished["state"], wished["difference"]["code"]) == ("ready", "not_confirmed"), "nobody has seen a break yet"
    (row,) = await asked(database)
    assert (row.action, row.arguments["reason"]) == ("member-pause", "makan")
    await at_pbx(database, "paused", reason="makan")
    on_break = await siti.desk()
    assert (on_break["state"], on_break["reason"], on_break["difference"]) == ("break", "makan", None)

    await later(database, clock, minutes=1)
    await at_pbx(database, "ready")  # by somebody at the PBX
    changed = await siti.desk()
    assert (changed["state"], changed["wished"], changed["difference"]["code"]) == ("ready", "break", "changed_at_pbx")

    await later(database, clock, minutes=1)
    assert (await siti.post("/shift/end"))[0] == 200
    assert [row.action for row in await asked(database)] == ["member-remove"]
    assert (await siti.desk())["user"] is None, "the PBX still rings it, and nobody sits there"
    await book(database, MemberGone("pbx-1", clock(), "112", OP1))
    assert await siti.desks() == []
    devices = (await siti.client.get("/api/v1/desks", headers=siti.headers)).json()["devices"]
    assert devices == [f"PJSIP/op{number}" for number in range(1, 9)], "where a shift can begin"
    async with database.reading() as reading:
        spells = await shifts.states_of(reading, begun["shift"])
        told = [row.subject for row in await live.after(reading, 0, 500) if row.kind == "shift"]
        ended = await shifts.find(reading, begun["shift"])
    assert [spell.state for spell in spells] == ["absent", "ready", "break", "ready"]
    assert [spell.to_at for spell in spells] == [spell.from_at for spell in spells[1:]] + [spells[-1].to_at]
    assert spells[-1].to_at is not None
    assert [spell.by for spell in spells] == ["siti", "PBX", "PBX", "PBX"]
    assert set(told) == {OP1}
    assert ended is not None
    assert (ended.ended_how, ended.ended_by) == ("self", "siti")


async def test_one_person_at_a_telephone_and_one_telephone_for_a_person(
    siti: Person, client: Client, database: Database
) -> None:
    budi, chief = await person(client, database, "budi"), await person(client, database, "rina", "supervisor")
    shift = await siti.start()
    assert (await siti.post("/shift", {"device": OP1}))[0] == 200, "said again"
    status, said = await siti.post("/shift", {"device": OP2})
    assert (status, said["error"]) == (409, "at_other_desk")
    assert OP1 in said["message"]
    status, said = await budi.post("/shift", {"device": OP1})
    assert (status, said["error"]) == (409, "desk_taken")
    assert "siti" in said["message"]
    assert (await budi.post(f"/shifts/{shift['shift']}/end"))[0] == 403
    assert (await chief.post(f"/shifts/{shift['shift']}/end"))[0] == 200
    assert (await chief.post(f"/shifts/{shift['shift']}/end"))[1]["error"] == "unknown_shift"
    assert (await budi.start())["user"] == "budi"
    for path, body in (("/shift/end", {}), ("/shift/state", {"state": "ready"})):
        assert (await siti.post(path, body))[1]["error"] == "no_shift"
    async with database.reading() as reading:
        ended = await shifts.find(reading, shift["shift"])
    assert ended is not None
    assert (ended.ended_how, ended.ended_by) == ("supervisor", "rina")


async def test_two_who_sit_down_at_once_are_one_who_sits(siti: Person, client: Client, database: Database) -> None:
    others = [await person(client, database, name) for name in ("budi", "rina", "dewi")]
    answers = await asyncio.gather(*(one.post("/shift", {"device": OP1}) for one in (siti, *others)))
    assert sorted(status for status, _ in answers) == [201, 409, 409, 409]
    assert len(await siti.desks()) == 1


async def test_what_no_shift_can_begin_with(siti: Person, as_role: LogIn) -> None:
    assert (await siti.post("/shift", {"device": "PJSIP/op9"}))[1]["error"] == "no_desk"
    machine = await as_role("operator")
    for refused in (
        await machine.post("/api/v1/shift", json={"device": OP1}),
        await machine.post("/api/v1/shift/end"),
        await machine.get("/api/v1/shift"),
    ):
        assert (refused.status_code, refused.json()["error"]) == (403, "no_person")


@pytest.mark.parametrize("way", ["logged out", "session over", "disabled"])
async def test_who_is_gone_is_never_shown_as_ready(
    siti: Person, client: Client, database: Database, clock: SetClock, way: str
) -> None:
    chief = await person(client, database, "rina", "supervisor", hours=24)
    shift = await siti.start()
    await at_pbx(database, "ready")
    await asked(database)
    match way:
        case "logged out":
            await Door(database).log_out("session of siti")
        case "session over":
            clock.forward(hours=12, seconds=1)
            await machines(database)
        case _:
            async with database.transaction() as tx:
                await staff.change(tx, "siti", "rina", disabled=True)
    if way == "session over":  # nobody is told of that one; the others end it at once
        assert (await chief.desk())["state"] == "gone"
        await tend(database)
    left = await chief.desk()
    assert (left["user"], left["shift"]) == (None, None)
    assert [row.action for row in await asked(database)] == ["member-remove"]
    async with database.reading() as reading:
        ended = await shifts.find(reading, shift["shift"])
    assert ended is not None
    assert ended.ended_how == way


async def test_who_works_at_the_end_of_their_session_stays_in_the_queue(
    siti: Person, client: Client, database: Database, clock: SetClock
) -> None:
    budi = await person(client, database, "budi")
    begun, idle = await siti.start(), await budi.start(OP2)
    assert begun["session_until"] == idle["session_until"] == "2026-03-14T13:59:26.535897Z"
    await asked(database)
    clock.forward(hours=8, minutes=59)
    assert (await siti.wish("ready"))["session_until"] == begun["session_until"], "not yet"
    clock.forward(hours=2, minutes=51)
    assert (await siti.wish("ready"))["session_until"] == "2026-03-14T17:49:26.535897Z"
    await budi.desks()  # the page reads by itself
    clock.forward(minutes=11)
    await machines(database)
    await tend(database)
    assert [one["user"] for one in await siti.desks()] == ["siti"]
    said = []
    for _ in range(4):
        clock.forward(hours=3, minutes=30)
        said.append((await siti.post("/shift/state", {"state": "ready"}))[0])
    assert said == [200, 200, 200, 401], "a day is the most"


async def test_who_has_no_shift_has_a_session_of_twelve_hours(siti: Person, clock: SetClock) -> None:
    clock.forward(hours=11, minutes=50)
    assert (await siti.post("/reports", {"source": "walk-in"}))[0] == 201
    clock.forward(minutes=11)
    assert (await siti.post("/reports", {"source": "walk-in"}))[0] == 401


async def test_a_session_that_runs_out_in_a_call_ends_the_shift_behind_the_call(
    siti: Person, client: Client, database: Database, clock: SetClock
) -> None:
    chief = await person(client, database, "rina", "supervisor", hours=24)
    await siti.start()
    clock.forward(hours=11, minutes=59, seconds=30)
    answered, ended = call(database)
    await machines(database)
    await book(database, *answered)
    await later(database, clock, minutes=1)
    await tend(database)
    assert (await chief.desk())["state"] == "talking"
    await book(database, *ended)
    assert (await chief.desk())["state"] == "gone"
    await tend(database)
    assert await chief.desks() == []


async def test_a_wish_that_nobody_can_ask_for_is_asked_later(siti: Person, database: Database) -> None:
    await machines(database, hand="disconnected")
    assert (await siti.start())["difference"]["code"] == "not_asked"
    await tend(database)
    assert await asked(database) == []
    await machines(database)
    await tend(database)
    assert [row.action for row in await asked(database)] == ["member-ready"]
    assert (await siti.desk())["difference"]["code"] == "not_confirmed"
    await tend(database)
    assert await asked(database) == [], "once"


async def test_a_telephone_that_could_not_be_taken_out_is_taken_out_later(
    siti: Person, client: Client, database: Database
) -> None:
    await siti.start()
    await at_pbx(database, "ready")
    await asked(database)
    await machines(database, hand="disconnected")
    assert (await siti.post("/shift/end"))[0] == 200
    left = await siti.desk()
    assert (left["user"], left["state"]) == (None, "ready"), "the PBX rings it, and the screens say so"
    await machines(database)
    await tend(database)
    assert [row.action for row in await asked(database)] == ["member-remove"]


@pytest.mark.parametrize("result", ["too_late", "unknown"])
async def test_what_broke_off_is_asked_again_until_it_was_done(siti: Person, database: Database, result: str) -> None:
    """The hand was believed to be connected, and was gone: no telephone may ring on with nobody there."""
    await siti.start()
    await broke_off(database, result)
    await tend(database)
    assert [row.action for row in await asked(database)] == ["member-ready"]
    await at_pbx(database, "ready")
    assert (await siti.post("/shift/end"))[0] == 200
    for _ in range(2):
        await tend(database)
        await broke_off(database, result)
        await machines(database, hand="disconnected")
        await tend(database)
        assert await asked(database) == []
        await machines(database)
    await tend(database)
    await tend(database)
    assert [row.action for row in await asked(database)] == ["member-remove"]
    for _ in range(2):
        await tend(database)
    assert await asked(database) == [], "it was done"
    async with database.reading() as reading:
        assert await shifts.tended(reading) == []


async def test_what_the_pbx_would_not_do_is_not_asked_again(siti: Person, database: Database) -> None:
    await siti.start()
    await asked(database)
    await siti.post("/shift/end")
    await broke_off(database, "refused")
    await tend(database)
    await tend(database)
    assert await asked(database) == []


async def test_a_telephone_is_not_taken_from_who_sits_there_now(
    siti: Person, client: Client, database: Database
) -> None:
    budi = await person(client, database, "budi")
    await siti.start()
    await asked(database)
    await machines(database, hand="disconnected")
    await siti.post("/shift/end")
    await budi.start()
    await machines(database)
    await tend(database)
    assert [row.action for row in await asked(database)] == ["member-ready"]


async def test_what_the_pbx_refuses_is_said(siti: Person, database: Database) -> None:
    shift = await siti.start()
    async with database.transaction() as tx:
        for row in await controls.unfinished(tx, "pbx-1"):
            await controls.end(tx, row.id, "failed", "refused", "No such queue")
    said = (await siti.desk())["difference"]
    assert (said["code"], "No such queue" in said["message"]) == ("refused", True)
    assert shift["state"] == "absent"


async def test_a_pbx_that_nobody_hears_makes_nobody_ready(siti: Person, database: Database, clock: SetClock) -> None:
    await siti.start()
    await at_pbx(database, "ready")
    clock.forward(seconds=16)
    away = await siti.desk()
    assert (away["state"], away["at_pbx"], away["difference"]["code"]) == ("unknown", "ready", "not_heard")
    await machines(database)
    await at_pbx(database, "unplugged")
    unplugged = await siti.desk()
    assert (unplugged["state"], unplugged["difference"]["code"]) == ("unreachable", "unreachable")


async def test_a_member_that_is_not_of_the_desks_making_is_paused_at_the_end(siti: Person, database: Database) -> None:
    await at_pbx(database, "paused", membership="static")
    await siti.start()
    assert [row.action for row in await asked(database)] == ["member-ready"]
    await siti.post("/shift/end")
    (row,) = await asked(database)
    assert (row.action, row.arguments["reason"]) == ("member-pause", "shift over")


async def test_of_two_bridges_the_one_behind_changes_nothing(siti: Person, database: Database, clock: SetClock) -> None:
    now = clock()
    await siti.start()
    clock.forward(seconds=10)
    await at_pbx(database, "ready")
    member = Member("112", OP1, OP1, "op", "dynamic", paused=True, reason="", reachable=True)
    await book(database, MembersAre("pbx-1", now, (member,)))
    assert (await siti.desk())["state"] == "ready"
    await book(database, MembersAre("pbx-1", now - timedelta(hours=1), (member,)))
    assert (await siti.desk())["state"] == "break", "the PBX's clock was set back"
    await book(database, MembersAre("pbx-1", clock(), ()))
    assert (await siti.desk())["state"] == "absent"
