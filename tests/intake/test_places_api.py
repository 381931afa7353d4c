"""Places by the API, and the one where a report is. On both databases."""

import json

import pytest
from sqlalchemy import select

from db import places, tables
from db.engine import Database
from intake import area_data, escalating, placing
from intake.facts import CallKey, Located, Position
from intake.gazetteer import ISLAND
from routing import rulebook
from routing.rules import Recipient, Rule
from tests.conftest import START, SetClock
from tests.intake.area import FILES
from tests.intake.conftest import PUBLIC_URL, Client, Json, LogIn, add_agency, book, ring
from tests.routing.cases import owed

HEAD = "code,name,parent,alternatives,lat,lon,island\n"
OWN = HEAD + "pasar-ikan,Pasar Ikan,99.01.02.2003,TPI,-7.0165,113.86,\n99.01.03,Pulau Raos,,,,,yes\n"


async def load(database: Database, version: str = "9.0.0", files: dict[str, str] = FILES) -> None:
    """Load the made-up regency."""
    async with database.transaction() as tx:
        await placing.load(tx, area_data.cut(files, "99.01"), version, "99.01", "start")


async def found(client: Client, q: str) -> list[str]:
    """Return the codes of the answers."""
    answer = await client.get("/api/v1/places", params={"q": q})
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["places"]]


async def change(client: Client, report: Json, status: int = 200, **location: object) -> Json:
    """Change where a report is, as of the version given."""
    headers = {"If-Match": f'"{report["version"]}"'}
    answer = await client.patch(f"/api/v1/reports/{report['number']}", json={"location": location}, headers=headers)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def opened(client: Client, **fields: object) -> Json:
    """Open a report."""
    answer = await client.post("/api/v1/reports", json={"source": "walk-in", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_names_are_found_as_soon_as_they_are_there(operator: Client, database: Database) -> None:
    assert (await operator.get("/api/v1/places?q=dungkeng")).json() == {"known": 0, "places": []}
    await load(database)
    answer = (await operator.get("/api/v1/places?q=desa%20mandallan%20kec%20dunkeng&limit=1")).json()
    assert answer == {
        "known": 12,
        "places": [
            {
                "code": "99.01.02.2001",
                "level": "desa",
                "name": "Mandalan",
                "label": "Desa Mandalan, Kecamatan Dungkeng",
                "kecamatan": {"code": "99.01.02", "name": "Dungkeng"},
                "lat": None,
                "lon": None,
                "island": False,
                "alternatives": [],
                "own": False,
            }
        ],
    }
    assert placing.NO_NAMES not in (await operator.get("/readyz")).json()["notes"]
    await load(database)  # the same again: nothing twice
    async with database.reading() as reading:
        assert len(await places.every(reading)) == 12
        about = (await places.of_lists(reading))[placing.OFFICIAL]
        assert (about.version, about.regency, about.serial, about.places) == ("9.0.0", "99.01", 2, 12)
        told = await reading.connection.execute(select(tables.live_events).where(tables.live_events.c.kind == "places"))
        assert [(one.subject, one.version) for one in told] == [(placing.OFFICIAL, 1), (placing.OFFICIAL, 2)]
        rows = await reading.connection.execute(select(tables.audit).where(tables.audit.c.action == "places.loaded"))
        assert [(row.actor, row.subject) for row in rows] == [("start", "places:idn-area-data")] * 2


async def test_the_centres_own_places(as_role: LogIn, database: Database) -> None:
    client = await as_role("supervisor")
    await load(database)
    assert (await client.get("/api/v1/places/own")).json() == {
        "serial": 0, "places": 0, "loaded_at": None, "loaded_by": None, "csv": HEAD
    }  # fmt: skip
    answer = await client.put("/api/v1/places/own", json={"csv": OWN, "based_on": 0})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["csv"], answer.json()["serial"], answer.json()["loaded_by"]) == (
        HEAD + "99.01.03,Pulau Raos,,,,,yes\npasar-ikan,Pasar Ikan,99.01.02.2003,TPI,-7.0165,113.86,\n",
        1,
        "the supervisor",
    )
    assert (await found(client, "tpi"))[0] == "pasar-ikan"
    assert (await found(client, "pulau raos"))[0] == "99.01.03"

    bad = OWN + "Bad Code,X,,,,,\npasar-ikan,Again,,,,,\n"
    answer = await client.put("/api/v1/places/own", json={"csv": bad, "based_on": 1})
    assert (answer.status_code, answer.json()["error"]) == (422, "unfit_places")
    assert answer.json()["message"].startswith("Line 4: `Bad Code` is no code")
    assert "Line 5: `pasar-ikan` is on line 2 already" in answer.json()["message"]
    answer = await client.put("/api/v1/places/own", json={"csv": HEAD, "based_on": 0})
    assert (answer.status_code, answer.json()["error"]) == (409, "stale_places")
    assert (await client.get("/api/v1/places/own")).json()["places"] == 2, "nothing of either"

    many = HEAD + "".join(
        f"pos-{n},Pos Jaga nomor {n} di Jalan Teladan yang panjang sekali,,,,,\n" for n in range(1200)
    )
    assert len(many) > 64 * 1024
    answer = await client.put("/api/v1/places/own", json={"csv": many, "based_on": 1})
    assert (answer.status_code, answer.json()["places"]) == (200, 1200)
    assert (await client.put("/api/v1/places/own", json={"csv": OWN, "based_on": 2})).status_code == 200

    await load(database, "9.0.1")
    assert (await found(client, "tpi"))[0] == "pasar-ikan", "names of a newer release leave the centre's own alone"
    assert (await client.put("/api/v1/places/own", json={"csv": HEAD, "based_on": 3})).json()["places"] == 0
    assert "pasar-ikan" not in await found(client, "tpi")
    client = await as_role("operator")
    assert (await client.put("/api/v1/places/own", json={"csv": HEAD, "based_on": 2})).status_code == 403


async def test_a_report_lies_in_a_place(operator: Client, database: Database) -> None:
    await load(database)
    await add_agency(database, "damkar", "kebakaran")
    first = await opened(operator, kind="kebakaran", location={"text": "dekat pasar"})
    assert (first["location"]["place"], first["location"]["place_name"]) == (None, None)
    report = await change(operator, first, place="99.01.02.2002")
    named = "Desa Banra'os, Kecamatan Dungkeng"
    where = report["location"]
    assert (where["text"], where["lat"], where["lon"]) == ("dekat pasar", None, None)
    assert (where["place"], where["place_name"]) == ("99.01.02.2002", named)
    assert report["entries"][-2]["text"] == f"Tempat: – → {named}"
    assert report["entries"][-1]["text"] == "Status: baru → dikerjakan"
    merged = await change(operator, first, lat=-7.0, lon=113.9)
    assert merged["location"]["place"] == "99.01.02.2002", "another field merges"
    conflict = await change(operator, first, 412, place="99.01.03")
    assert conflict["conflicts"] == {"location.place": {"yours": "99.01.03", "theirs": "99.01.02.2002"}}
    assert (await change(operator, first, place="99.01.02.2002"))["version"] == merged["version"], (
        "the same is no change"
    )

    sent = await operator.post(f"/api/v1/reports/{first['number']}/dispatches", json={"agencies": ["damkar"]})
    dispatch = sent.json()["dispatches"][0]["id"]
    async with database.reading() as reading:
        (envelope,) = await owed(reading, dispatch)
    where = json.loads(envelope.body)["data"]["report"]["location"]
    assert (where["text"], where["place"], where["place_name"]) == ("dekat pasar", "99.01.02.2002", named)
    report = (await operator.get(f"/api/v1/reports/{first['number']}")).json()
    report = await change(operator, report, place=None)
    assert (report["location"]["place"], report["location"]["place_name"]) == (None, None)
    assert report["entries"][-1]["text"] == f"Tempat: {named} → –"
    async with database.reading() as reading:
        assert len(await owed(reading, dispatch)) == 2, "the agency hears of it"
        audit = (await reading.connection.execute(select(tables.audit).order_by(tables.audit.c.n.desc()))).first()
    assert audit is not None
    assert named not in audit.detail, "no values"


def shown(report: Json) -> tuple[object, ...]:
    """What a report shows of its positions."""
    return tuple(report["location"][name] for name in ("lat", "lon", "method"))


MARKET = (-7.0165, 113.86, "gazetteer")
PIER = (-7.02, 113.88, "gazetteer")


async def test_a_chosen_place_is_a_position(operator: Client, database: Database) -> None:
    await load(database)
    async with database.transaction() as tx:
        await placing.import_own(tx, OWN + "dermaga,Dermaga,99.01.02.2003,,-7.02,113.88,\n", "rina")
    await add_agency(database, "damkar", "kebakaran")
    report = await opened(operator, kind="kebakaran", location={"place": "pasar-ikan"})
    assert shown(report) == MARKET
    (one,) = report["location"]["positions"]
    assert (one["source"], one["by"], one["detail"]["place"]) == ("gazetteer", "the operator", "pasar-ikan")
    sent = await operator.post(f"/api/v1/reports/{report['number']}/dispatches", json={"agencies": ["damkar"]})
    report = (await operator.get(f"/api/v1/reports/{report['number']}")).json()
    report = await change(operator, report, place="dermaga")
    assert shown(report) == PIER
    assert "Koordinat tempat: -7.02000, 113.88000" in [entry["text"] for entry in report["entries"]]
    async with database.reading() as reading:
        envelopes = await owed(reading, sent.json()["dispatches"][0]["id"])
    assert json.loads(envelopes[-1].body)["data"]["report"]["location"]["lat"] == -7.02
    report = await change(operator, report, place="99.01.02.2002")
    assert shown(report) == (None, None, None), "nobody knows where in the village"
    report = await change(operator, report, place="dermaga", lat=-7.1, lon=113.9)
    assert shown(report) == (-7.1, 113.9, "typed"), "a person's, at once"
    report = await change(operator, report, place="pasar-ikan")
    assert shown(report) == (-7.1, 113.9, "typed")
    assert [(one["source"], one["lat"]) for one in report["location"]["positions"]] == [
        ("gazetteer", -7.0165),
        ("gazetteer", -7.02),
        ("gazetteer", None),
        ("person", -7.1),
        ("gazetteer", -7.02),
        ("gazetteer", -7.0165),
    ]


async def test_a_chosen_place_hides_nothing_that_was_measured(operator: Client, database: Database) -> None:
    await load(database)
    async with database.transaction() as tx:
        await placing.import_own(tx, OWN, "rina")
    number = await ring(database, START)
    report = await change(operator, (await operator.get(f"/api/v1/reports/{number}")).json(), place="pasar-ikan")
    assert shown(report) == MARKET
    key, cell = CallKey("pbx-1", "c.1"), Position(-7.3, 113.3, 5000.0, "Cell")
    await book(database, Located(key, START, cell))
    report = (await operator.get(f"/api/v1/reports/{number}")).json()
    assert shown(report) == (-7.3, 113.3, "Cell")
    report = await change(operator, report, place=None)
    report = await change(operator, report, place="pasar-ikan")
    assert shown(report) == (-7.3, 113.3, "Cell")


async def test_a_place_that_is_not_there_is_refused_and_one_that_left_keeps_its_name(
    operator: Client, database: Database
) -> None:
    await load(database)
    report = await opened(operator, location={"place": "99.01.02.2003"})
    assert report["location"]["place_name"] == "Desa Batoyang, Kecamatan Dungkeng"
    assert (await change(operator, report, 422, place="99.01.02.2999"))["error"] == "unknown_place"
    answer = await operator.post("/api/v1/reports", json={"source": "walk-in", "location": {"place": "99.01"}})
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_place")
    fewer = FILES["villages.csv"].replace("99.01.02.2003", "99.02.02.2003")
    await load(database, "9.1.0", FILES | {"villages.csv": fewer})
    assert "99.01.02.2003" not in await found(operator, "batoyang")
    kept = (await operator.get(f"/api/v1/reports/{report['number']}")).json()
    assert kept["location"]["place_name"] == "Desa Batoyang, Kecamatan Dungkeng"
    assert (await change(operator, kept, text="di sana"))["location"]["place"] == "99.01.02.2003"


@pytest.fixture
async def ruled(as_role: LogIn, database: Database) -> Client:
    """An operator's client; fires of Dungkeng go to damkar by themselves, those of islands to sea rescue in 30 min."""
    await load(database)
    for code in ("damkar", "laut", "satpol"):
        await add_agency(database, code)
    new = [
        Rule(1, (Recipient("laut", 1800, "satpol"),), ("kebakaran",), places=(ISLAND,), automatic=True),
        Rule(2, (Recipient("damkar", 60),), ("kebakaran",), places=("99.01.02",), automatic=True),
        Rule(3, (Recipient("satpol"),), ("hewan",), places=("99.01.01.2002",)),
        Rule(4, (Recipient("laut", None, "damkar"),), ("kebakaran",)),
    ]
    async with database.transaction() as tx:
        await rulebook.make(tx, new, based_on=0, by="sari", timezone="Asia/Jakarta")
    return await as_role("operator")


async def test_a_rule_for_a_place_sends_when_the_place_is_set(ruled: Client) -> None:
    report = await opened(ruled, kind="kebakaran")
    assert report["dispatches"] == [], "nobody knows where it is"
    report = await change(ruled, report, place="99.01.02.2001")
    assert [(one["agency"], one["rule_number"]) for one in report["dispatches"]] == [("damkar", 2)]
    assert (await opened(ruled, kind="kebakaran", location={"place": "99.01.01.2002"}))["dispatches"] == []
    report = await opened(ruled, kind="hewan", location={"place": "99.01.01.2002"})
    proposed = (await ruled.get(f"/api/v1/reports/{report['number']}/dispatches/proposed")).json()["proposed"]
    assert [(one["agency"], one["certain"]) for one in proposed] == [("satpol", True)]
    assert (await ruled.post(f"/api/v1/reports/{report['number']}/dispatches", json={})).status_code == 201


async def test_an_island_has_another_agency_and_another_promised_time(
    ruled: Client, database: Database, clock: SetClock
) -> None:
    report = await opened(ruled, kind="kebakaran", location={"place": "99.01.40001"})
    assert [(one["agency"], one["accept_by"]) for one in report["dispatches"]] == [
        ("laut", "2026-03-14T02:29:26.535897Z")
    ]
    (sent,) = report["dispatches"]
    for _ in range(3):  # overdue, then the next
        clock.forward(seconds=1800)
        async with database.transaction() as tx:
            await escalating.escalate(tx, sent["id"], PUBLIC_URL)
    shown = (await ruled.get(f"/api/v1/reports/{report['number']}")).json()
    has_it = [one["agency"] for one in shown["dispatches"]]
    assert has_it == ["laut", "satpol"], [one["text"] for one in shown["entries"]]
