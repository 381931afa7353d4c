"""An agency that is disabled: nothing goes there, nothing comes from there, nobody is forgotten. On both databases."""

import pytest
from sqlalchemy import select, update

from db import dispatches, tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake import answering, desk, terms
from intake.desk import NewReport
from routing import outbox, rulebook, standing
from routing.answers import Answer
from routing.refusals import AgencyDisabledError
from routing.rules import Recipient, Rule
from routing.silence import SPEAK_EVERY
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, LogIn
from tests.intake.test_escalating import NUMBER, answer, look, rows, said, status
from tests.intake.test_escalating import sent as sent
from tests.intake.test_signed_answers import ACCEPTED, secret, signed
from tests.routing.cases import owed
from tests.routing.receivers import answers, receiving
from tests.routing.running import running, until

URL = "/api/v1/agencies/damkar"
REPORT = f"/api/v1/reports/{NUMBER}"
WHY = {"reason": "Rahasianya bocor"}
FOLLOWED = "Diteruskan ke Instansi bpbd karena Instansi damkar (dinonaktifkan: telepon) tidak dapat menjawab"


async def disable(database: Database, code: str = "damkar") -> None:
    """Disable an agency."""
    async with database.transaction() as tx:
        await terms.disable(tx, code, "Rahasianya bocor", "wati")


async def dispatch_of(client: Client, agency: str = "damkar") -> Json:
    """A dispatch of the report, as the desk sees it."""
    (found,) = (one for one in (await client.get(REPORT)).json()["dispatches"] if one["agency"] == agency)
    return dict(found)


async def test_it_is_sent_nothing_and_its_reports_are_red_and_go_on(
    as_role: LogIn, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    client = await as_role("admin")
    assert await look(database) == 0
    both = [await client.post(f"{URL}/disable", json=WHY) for _ in range(2)]
    assert [one.status_code for one in both] == [200, 200]
    shown = both[1].json()
    assert (shown["disabled_by"], shown["disable_reason"], shown["unsent"]) == ("the admin", "Rahasianya bocor", 0)
    dispatch = await dispatch_of(client)
    assert (dispatch["state"], dispatch["agency_disabled"]) == ("queued", True)
    assert (dispatch["delivery"]["state"], dispatch["delivery"]["cause"]) == ("dead", "agency_disabled")
    told = "Instansi damkar dinonaktifkan dan tidak dapat menjawab lewat sistem: hubungi lewat telepon"
    assert [one["text"] for one in (await client.get(REPORT)).json()["entries"]].count(told) == 1
    assert await look(database) == 1, "without any deadline: nobody there can answer"
    assert await said(database) == [FOLLOWED]
    clock.forward(minutes=20)
    await answer(database, (await rows(database))["bpbd"], "accepted")
    assert await look(database) == 0, "once"
    async with database.reading() as reading:
        actions = list(await reading.connection.scalars(select(tables.audit.c.action).order_by(tables.audit.c.n)))
        assert await standing.alarms(reading) == [], "somebody decided it"
    assert [actions.count(one) for one in ("agency.disabled", "envelope.dead")] == [1, 1]


async def test_no_rule_proposes_it_and_whoever_asks_is_told_why(
    as_role: LogIn, database: Database, sent: DispatchRow
) -> None:
    client = await as_role("admin")
    await disable(database, "bpbd")
    proposed = (await client.get(f"{REPORT}/dispatches/proposed")).json()
    assert [one["agency"] for one in proposed["proposed"]] == ["damkar", "polres"]
    assert (proposed["disabled"], proposed["removed"]) == (["bpbd"], [])
    version = (await client.get("/api/v1/rules")).json()["in_force"]
    assert (version["disabled"], version["removed"]) == (["bpbd"], [])
    draft = [{"agencies": [{"agency": "bpbd"}, {"agency": "polres"}]}]
    for asked in ({"kind": "kebakaran"}, {"rules": draft}):
        tried = (await client.post("/api/v1/rules/simulate", json=asked)).json()
        assert "bpbd" not in [one["agency"] for one in tried["goes_to"]]
        assert tried["rules"][0]["disabled"] == ["bpbd"]
        assert "WARNING: bpbd: disabled, skipped" in tried["rules"][0]["why"]
    refused = await client.post(f"{REPORT}/dispatches", json={"agencies": ["bpbd", "polres"]})
    assert (refused.status_code, refused.json()["error"]) == (409, "agency_disabled")
    assert refused.json()["message"].startswith("bpbd: This agency is disabled")
    assert (await rows(database)).keys() == {"damkar"}
    async with database.transaction() as tx:
        automatic = [Rule(0, (Recipient("bpbd", None, "polres"),), ("laka",), automatic=True)]
        await rulebook.make(tx, automatic, based_on=1, by="sari", timezone="UTC")
        report, _ = await desk.open_report(tx, NewReport("walk-in", kind="laka"), "siti", WIB, PUBLIC_URL)
        assert [one.agency for one in await outbox.every(tx, report.id)] == ["polres"], "its next stands in its place"
    assert (await client.post("/api/v1/agencies/bpbd/redrive")).status_code == 409


async def test_nothing_is_heard_from_it_but_by_telephone(
    client: Client, database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    async with database.transaction() as tx:
        new = await outbox.add_agency(tx, "pmi", "PMI", "https://8.8.8.8/", [], [])
        (row,) = await desk.dispatch(tx, NUMBER, ["pmi"], "siti", PUBLIC_URL)
    await disable(database, "pmi")
    url = f"/agency/v1/dispatches/{row.id}/answers"
    token = {"Authorization": f"Bearer {new.token}", "Content-Type": "application/json"}
    for headers in (token, signed(await secret(database, "pmi"), clock)):
        refused = await client.post(url, content=ACCEPTED, headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (403, "agency_disabled")
    assert (await client.get(f"/a/{row.page_token}")).status_code == 404
    async with database.transaction() as tx:
        booked = await answering.book_answer(tx, row.id, None, Answer("accepted", "Pak Budi"), "siti", via="telephone")
    assert (booked.applied, booked.after.state) == (True, "accepted")
    async with database.transaction() as tx:
        await terms.enable(tx, "pmi", "wati")
    said = await client.post(url, content=ACCEPTED.replace(b"accepted", b"on_scene"), headers=token)
    assert (said.status_code, said.json()["applied"]) == (200, True)
    assert (await client.get(f"/a/{row.page_token}")).status_code == 200


@pytest.mark.parametrize("role", ["operator", "supervisor"])
async def test_only_administrators_may(as_role: LogIn, database: Database, sent: DispatchRow, role: str) -> None:
    client = await as_role(role)
    for path, body in (("disable", WHY), ("enable", {}), ("caller-number", {"told": False})):
        assert (await client.post(f"{URL}/{path}", json=body)).status_code == 403
    client.headers.pop("Authorization")
    assert (await client.post(f"{URL}/disable", json=WHY)).status_code == 401


async def test_what_nobody_else_has_is_told_of_until_somebody_does(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await disable(database, "bpbd")
    async with database.transaction() as tx:
        (last,) = await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
    await disable(database)
    await look(database)
    await answer(database, last, "rejected")
    await look(database)
    assert await status(database) == "dispatched", "damkar may have heard of it"
    nobody = " dan tidak ada instansi berikutnya: supervisor harus memutuskan"
    assert [one for one in await said(database) if nobody in one] == [
        f"Instansi damkar (dinonaktifkan: telepon) tidak dapat menjawab{nobody}",
        f"Instansi polres menolak{nobody}",
    ]
    clock.forward(minutes=3)
    assert await look(database) == 1
    assert (await said(database))[-1].startswith("Instansi polres menolak dan belum ada instansi lain")
    async with database.transaction() as tx:
        await terms.enable(tx, "damkar", "wati")
    assert (await rows(database))["damkar"].escalate_at == clock.now, "its ladder goes on"
    with pytest.raises(AgencyDisabledError):
        async with database.transaction() as tx:
            await desk.dispatch(tx, NUMBER, ["bpbd"], "siti", PUBLIC_URL)


async def test_who_is_on_the_way_stays_so_and_is_asked_by_telephone(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await answer(database, sent, "en_route")
    await disable(database)
    assert await look(database) == 0
    clock.now += SPEAK_EVERY["P1"]
    assert await look(database) == 1
    assert (await said(database))[-1].endswith("belum memberi kabar: dinonaktifkan, tanyakan lewat telepon")
    assert (await rows(database)).keys() == {"damkar"}
    async with database.reading() as reading:
        assert [one.state for one in await owed(reading, sent.id)] == ["dead"], "no letter is written"


async def test_its_lane_ends_what_was_sent_in_that_very_moment_and_itself(database: Database, clock: SetClock) -> None:
    async with receiving(answers()) as pretend:
        async with database.transaction() as tx:
            await outbox.add_agency(tx, "damkar", "Damkar", pretend.url, ["127.0.0.0/8"], [])
            report, _ = await desk.open_report(tx, NewReport("walk-in", priority="P1"), "siti", WIB, PUBLIC_URL)
            (row,) = await desk.dispatch(tx, report.number, ["damkar"], "siti", PUBLIC_URL)
        async with database.transaction() as tx:  # as if this had not been seen by who sent it
            disabled = update(tables.agencies).values(disabled_at=tx.now, disabled_by="wati", disable_reason="bocor")
            await tx.connection.execute(disabled)
            tx.wake("outbox")
        async with running(database) as lanes:

            async def ended() -> bool:
                async with database.reading() as reading:
                    return [one.state for one in await owed(reading, row.id)] == ["dead"] and not lanes._open

            await until(ended)
        assert pretend.got == []
        async with database.reading() as reading:
            found = await dispatches.find(reading, row.id)
            assert found is not None
            assert (found.escalate_at, (await owed(reading, row.id))[0].tries) == (clock.now, 0)
