"""How a report ends by the API: dispositions, the check of an agency's word, not ours, reopening. On both databases."""

import pytest

from db import chain
from db.engine import Database
from intake import answering, steps
from routing import outbox
from routing.answers import Answer
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn, add_agency
from tests.routing.cases import owed


@pytest.fixture
async def report(operator: Client) -> Json:
    """A fire of which somebody told at the door."""
    answer = await operator.post("/api/v1/reports", json={"source": "walk-in", "kind": "kebakaran"})
    return dict(answer.json())


async def take(client: Client, report: Json, step: str, **body: object) -> tuple[int, Json]:
    """Take a step by its route."""
    answer = await client.post(f"/api/v1/reports/{report['number']}/{step}", json=body)
    return answer.status_code, answer.json()


async def sent(client: Client, report: Json, agency: str) -> str:
    """Send a report to an agency; return the dispatch's id."""
    answer = await client.post(f"/api/v1/reports/{report['number']}/dispatches", json={"agencies": [agency]})
    return str(answer.json()["dispatches"][0]["id"])


async def says(database: Database, dispatch: str, word: str) -> None:
    """Let the agency answer."""
    async with database.transaction() as tx:
        await answering.book_answer(tx, dispatch, None, Answer(word, note="Api padam"))  # type: ignore[arg-type]


def texts(report: Json) -> list[str]:
    """Return what the report tells of itself."""
    return [entry["text"] for entry in report["entries"]]


async def test_an_agencys_word_is_checked_with_the_caller_before_it_is_closed(
    operator: Client, report: Json, database: Database
) -> None:
    await add_agency(database, "damkar")
    dispatch = await sent(operator, report, "damkar")
    status, refused = await take(operator, report, "close", disposition="resolved", caller="told")
    assert (status, refused["error"], refused["allowed"]) == (409, "illegal_step", ["dispatch", "resolve", "not_ours"])
    assert "An agency has it" in refused["message"]
    assert (refused["status"], refused["held_by"]) == ("dispatched", []), "the page makes its own sentence of these"
    assert (await take(operator, report, "disposition", caller="told"))[0] == 200
    await says(database, dispatch, "resolved")
    status, refused = await take(operator, report, "close", disposition="resolved")
    assert (status, refused["error"]) == (409, "not_verified"), "what the caller was told before is no check of that"
    assert '"told"' in refused["message"]
    assert refused["allowed"] == ["close", "not_ours", "reopen"]
    assert (await take(operator, report, "close", caller="told"))[1]["error"] == "no_disposition"
    etag = {"If-Match": (await operator.get(f"/api/v1/reports/{report['number']}")).headers["ETag"]}
    patched = await operator.patch(f"/api/v1/reports/{report['number']}", json={"status": "closed"}, headers=etag)
    assert (patched.status_code, patched.json()["error"]) == (409, "no_disposition"), (
        "one door, whichever is knocked at"
    )
    status, closed = await take(
        operator, report, "close", disposition="resolved", caller="unreachable", note="Tiga kali ditelepon"
    )
    assert (status, closed["status"], closed["disposition"]) == (200, "closed", "resolved")
    assert (closed["caller_told"], closed["steps"]) == ("unreachable", ["reopen"])
    assert texts(closed)[-4:] == [
        "Tiga kali ditelepon",
        "Hasil akhir: – → resolved",
        "Penelepon: – → tidak dapat dihubungi",
        "Status: selesai di lapangan → ditutup",
    ]
    assert (await take(operator, report, "close", disposition="resolved", caller="told"))[0] == 409
    async with database.reading() as reading:
        told = (await owed(reading, dispatch))[-1]
        assert (told.type, b'"disposition":"resolved"' in told.body) == ("report.closed", True)
    assert (await chain.verify(database)).bad is None


@pytest.mark.parametrize(
    ("classification", "disposition"),
    [("ghost", "silent"), ("prank", "prank"), ("information", "informed"), ("test", "test")],
)
async def test_what_is_no_emergency_is_closed_by_one_key(
    operator: Client, report: Json, classification: str, disposition: str
) -> None:
    status, closed = await take(operator, report, "disposition", **{"class": classification})
    assert (status, closed["status"], closed["class"]) == (200, "closed", classification)
    assert closed["disposition"] == disposition
    status, other = await take(operator, report, "disposition", **{"class": "normal"}, disposition="advised")
    assert (status, other["status"], other["disposition"]) == (200, "closed", "advised"), "a slip is mended, no step"


async def test_a_disposition_fits_its_class(operator: Client, report: Json, database: Database) -> None:
    status, refused = await take(operator, report, "disposition", disposition="prank")
    assert (status, refused["error"]) == (422, "unfit_disposition")
    assert "resolved, advised" in refused["message"]
    assert (await take(operator, report, "close", disposition="not_ours"))[0] == 422, "that has a step of its own"
    status, kept = await take(operator, report, "disposition", disposition="advised")
    assert (status, kept["status"], kept["disposition"]) == (200, "working", "advised"), "an emergency is not closed"
    status, closed = await take(operator, report, "close")
    assert (status, closed["status"], closed["disposition"]) == (200, "closed", "advised")
    await add_agency(database, "damkar")
    again = dict((await operator.post("/api/v1/reports", json={"source": "walk-in"})).json())
    await sent(operator, again, "damkar")
    status, refused = await take(operator, again, "disposition", **{"class": "prank"})
    assert (status, refused["error"]) == (409, "illegal_step"), "somebody drives there: first cancel that"


async def test_reopened_it_keeps_its_clock_and_has_to_be_checked_anew(
    operator: Client, report: Json, clock: SetClock
) -> None:
    await take(operator, report, "close", disposition="advised", caller="told")
    clock.forward(hours=30)
    answer = await operator.post(f"/api/v1/reports/{report['number']}/reopen")
    reopened = answer.json()
    assert (answer.status_code, reopened["status"], reopened["opened_at"]) == (200, "reopened", report["opened_at"])
    assert (reopened["disposition"], reopened["caller_told"]) == (None, None)
    assert texts(reopened)[-3:] == [
        "Status: ditutup → dibuka lagi",
        "Hasil akhir: advised → –",
        "Penelepon: sudah diberi tahu → –",
    ]
    status, refused = await take(operator, report, "reopen", note="Lagi")
    assert (status, refused["allowed"]) == (409, ["work", "dispatch", "resolve", "close"])
    assert (await take(operator, {"number": "112-20260314-0999"}, "reopen"))[0] == 404


async def test_reopened_under_a_crew_it_is_not_closed(operator: Client, report: Json, database: Database) -> None:
    await add_agency(database, "damkar")
    await says(database, await sent(operator, report, "damkar"), "on_scene")
    url = f"/api/v1/reports/{report['number']}"
    etag = {"If-Match": (await operator.get(url)).headers["ETag"]}
    assert (await operator.patch(url, json={"status": "resolved"}, headers=etag)).status_code == 200
    status, shown = await take(operator, report, "reopen", note="Masih terbakar")
    assert (status, shown["steps"]) == (200, ["work", "dispatch", "resolve"])
    for step, body in (("close", {"disposition": "advised"}), ("disposition", {"class": "prank"})):
        status, refused = await take(operator, report, step, **body)
        assert (status, refused["error"], refused["allowed"]) == (409, "illegal_step", ["work", "dispatch", "resolve"])
        assert f"damkar ({report['number']})" in refused["message"]


async def test_what_a_neighbour_has_accepted_is_not_ours(operator: Client, report: Json, database: Database) -> None:
    async with database.transaction() as tx:
        await outbox.add_agency(
            tx, "pamekasan", "Pusat 112 Pamekasan", "http://127.0.0.1:9/", ["127.0.0.0/8"], [], is_centre=True
        )
    await add_agency(database, "damkar")
    shown = (await operator.get("/api/v1/agencies")).json()["agencies"]
    assert [(one["code"], one["is_centre"]) for one in shown] == [("damkar", False), ("pamekasan", True)]

    async def refused(agency: str = "pamekasan") -> str:
        status, answer = await take(operator, report, "not-ours", agency=agency)
        assert status == 409
        return str(answer["error"])

    assert await refused() == "illegal_step"
    theirs, ours = await sent(operator, report, "pamekasan"), await sent(operator, report, "damkar")
    assert await refused("damkar") == "not_a_centre"
    assert await refused() == "not_taken_over"
    await says(database, theirs, "accepted")
    assert await refused() == "not_taken_over", "the fire brigade is on its way"
    await operator.post(f"/api/v1/dispatches/{ours}/cancel", json={"reason": "Wilayah Pamekasan"})
    status, closed = await take(operator, report, "not-ours", agency="pamekasan", note="Pak Arif di sana")
    assert (status, closed["status"], closed["disposition"]) == (200, "closed", "not_ours")
    async with database.reading() as reading:
        last = (await owed(reading, theirs))[-1]
        assert (last.type, b'"disposition":"not_ours"' in last.body) == ("report.closed", True)


@pytest.mark.parametrize("status", ["open", "working", "dispatched", "resolved", "closed", "reopened"])
async def test_every_step_by_its_route(operator: Client, report: Json, database: Database, status: str) -> None:
    """The table that `test_steps` holds is the one that decides here."""
    await add_agency(database, "damkar")
    routes: dict[str, tuple[str, Json]] = {
        "close": ("close", {"disposition": "advised", "caller": "told"}),
        "reopen": ("reopen", {}),
        "dispatch": ("dispatches", {"agencies": ["damkar"]}),
    }
    way: dict[str, list[str]] = {
        "working": ["work"], "dispatched": ["dispatch"], "resolved": ["resolve"], "closed": ["close"],
        "reopened": ["close", "reopen"],
    }  # fmt: skip
    url = f"/api/v1/reports/{report['number']}"

    async def step(name: str) -> tuple[int, Json]:
        if name in routes:
            answer = await operator.post(f"{url}/{routes[name][0]}", json=routes[name][1])
        else:
            etag = (await operator.get(url)).headers["ETag"]
            to = {"work": "working", "resolve": "resolved"}[name]
            answer = await operator.patch(url, json={"status": to}, headers={"If-Match": etag})
        return answer.status_code, answer.json()

    for name in way.get(status, []):
        assert (await step(name))[0] in (200, 201)
    now = (await operator.get(url)).json()
    assert (now["status"], now["steps"]) == (status, list(steps.MAY[steps.known(status)]))
    no_change = {"working": "work", "resolved": "resolve"}.get(status)  # a status that it has already
    for name in {"work", "resolve", "reopen", "close", "dispatch"} - {*now["steps"], no_change}:
        code, refused = await step(name)
        assert (code, refused["allowed"]) == (409, now["steps"]), name


async def test_the_list_of_dispositions_is_the_centres(as_role: LogIn, report: Json) -> None:
    client = await as_role("admin")
    listed = (await client.get("/api/v1/dispositions")).json()["dispositions"]
    assert {"normal", "ghost", "prank", "information", "test"} == {one for row in listed for one in row["classes"]}
    new = {"code": "kering", "name": {"id": "Sumber air kering", "en": "No water"}, "classes": ["normal"]}
    made = await client.post("/api/v1/dispositions", json=new)
    assert (made.status_code, made.json()["version"], made.headers["ETag"]) == (201, 1, '"1"')
    assert made.json()["position"] > max(row["position"] for row in listed)
    assert (await client.post("/api/v1/dispositions", json=new)).json()["error"] == "code_taken"
    url = "/api/v1/dispositions/kering"
    assert (await client.patch(url, json={"disabled": True})).status_code == 428
    changed = await client.patch(url, json={"disabled": True}, headers={"If-Match": '"1"'})
    assert (changed.json()["disabled"], changed.json()["name"]["en"]) == (True, "No water")
    stale = await client.patch(url, json={"disabled": False}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert (await take(client, report, "disposition", disposition="kering"))[0] == 422
    for code in ("not_ours", "test", "duplicate"):
        held = await client.patch(f"/api/v1/dispositions/{code}", json={"disabled": True}, headers={"If-Match": '"1"'})
        assert (held.status_code, held.json()["error"]) == (409, "in_use")
    gone = await client.patch("/api/v1/dispositions/nowhere", json={}, headers={"If-Match": '"1"'})
    assert gone.status_code == 404
    client = await as_role("supervisor")
    assert (await client.post("/api/v1/dispositions", json=new | {"code": "x"})).status_code == 403


async def test_flags_merge_like_other_fields_and_agencies_see_them(
    operator: Client, report: Json, database: Database
) -> None:
    await add_agency(database, "damkar")
    dispatch = await sent(operator, report, "damkar")
    url = f"/api/v1/reports/{report['number']}"
    assert report["flags"] == dict.fromkeys(("hurt", "trapped", "fire_spreading", "weapon", "child", "no_road"))

    async def patch(version: int, **flags: bool | None) -> tuple[int, Json]:
        answer = await operator.patch(url, json={"flags": flags}, headers={"If-Match": f'"{version}"'})
        return answer.status_code, answer.json()

    version = (await operator.get(url)).json()["version"]
    assert (await patch(version, hurt=True))[1]["flags"]["hurt"] is True
    status, merged = await patch(version, trapped=False)
    assert (status, merged["flags"]["hurt"], merged["flags"]["trapped"]) == (200, True, False)
    status, refused = await patch(version, hurt=False)
    assert (status, refused["conflicts"]) == (412, {"flags.hurt": {"yours": False, "theirs": True}})
    assert texts(merged)[-2:] == ["Ada korban luka: – → ya", "Ada yang terjebak: – → tidak"]
    async with database.reading() as reading:
        last = (await owed(reading, dispatch))[-1]
    assert last.type == "report.updated"
    assert b'"hurt":true' in last.body
    assert b'"trapped":false' in last.body
    assert b'"weapon":null' in last.body
