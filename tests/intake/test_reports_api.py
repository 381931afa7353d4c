"""Reports over HTTP: list, search, change, entries. On both databases."""

import json
from datetime import timedelta

import pytest

from db import chain
from db.engine import Database
from intake import steps
from intake.facts import CallKey, Ended, LegEnded, Queued, Rang, Taken
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, book, ring

KEY = CallKey("pbx-1", "c.1")


async def test_a_ring_is_a_whole_report_on_the_wire(operator: Client, database: Database, clock: SetClock) -> None:
    number = await ring(database, clock.now)
    at = clock.now
    clock.forward(seconds=4)
    (shown,) = (await operator.get("/api/v1/calls")).json()["calls"]
    assert (shown["number"], shown["call"]["stage"], shown["call"]["waited_s"]) == (number, "arrived", 4.0)
    await book(
        database,
        Queued(KEY, at, "112", "queue:1"),
        Rang(KEY, at, "p.1", "PJSIP/op1", "op1"),
        LegEnded(KEY, at + timedelta(seconds=3), "queue:1", None),
        Taken(KEY, at + timedelta(seconds=3), "p.1", "PJSIP/op1", "op1"),
        Ended(KEY, at + timedelta(seconds=9), "answered", "16 Normal Clearing"),
    )
    answer = await operator.get(f"/api/v1/reports/{number}")
    report = answer.json()
    assert answer.headers["ETag"] == f'"{report["version"]}"' == '"2"'
    assert report["caller"] == {
        "number": "+6281200000001",
        "number_raw": "081200000001",
        "name": "Siti Contoh",
        "withheld": None,
    }
    assert (report["status"], report["class"], report["source"], report["exercise"]) == (
        "open",
        "normal",
        "call",
        False,
    )
    call = report["call"]
    assert (call["stage"], call["outcome"], call["waited_s"]) == ("ended", "answered", 3.0)
    assert call["operator"] == {"user": None, "member": "op1", "device": "PJSIP/op1"}
    assert call["arrived_at"] == "2026-03-14T01:59:26.535897Z"
    assert [(leg["kind"], leg["device"], leg["from"] < leg["to"]) for leg in call["legs"]] == [
        ("operator", "PJSIP/op1", True),
        ("queue", "112", True),
    ]
    assert (await operator.get("/api/v1/calls")).json()["calls"] == []


async def test_the_list_goes_on_by_cursor_and_misses_none(
    operator: Client, database: Database, clock: SetClock
) -> None:
    for n in range(5):
        await ring(database, clock.now, n=n)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (
            await operator.get("/api/v1/reports", params={"limit": 2} | ({"after": cursor} if cursor else {}))
        ).json()
        seen += [one["number"] for one in page["reports"]]
        assert all("entries" not in one and "legs" not in one["call"] for one in page["reports"])
        if (cursor := page["next"]) is None:
            break
    assert seen == [f"112-20260314-000{n}" for n in (5, 4, 3, 2, 1)]


async def test_no_open_report_is_out_of_reach_however_many_closed_ones_came_since(
    operator: Client, database: Database, clock: SetClock
) -> None:
    numbers = [await ring(database, clock.now, n=n) for n in range(5)]
    for number in numbers[1:4]:
        closed = await operator.post(f"/api/v1/reports/{number}/close", json={"class": "prank"})
        assert closed.status_code == 200, closed.text
    state = (await operator.get("/api/v1/state")).json()
    assert ([one["number"] for one in state["reports"]], state["next"]) == ([numbers[4], numbers[0]], None)
    assert state["open_reports"] == 2
    first = (await operator.get("/api/v1/open-reports", params={"limit": 1})).json()
    rest = (await operator.get("/api/v1/open-reports", params={"limit": 1, "after": first["next"]})).json()
    assert [one["reports"][0]["number"] for one in (first, rest)] == [numbers[4], numbers[0]]
    assert (first["total"], rest["next"]) == (2, None)


SEARCHES = {
    "its number": ("112-20260314-0001", 1),
    "E.164": ("+62328662112", 1),
    "national": ("0328662112", 1),
    "with spaces": ("(0328) 662 112", 1),
    "the end of it": ("662112", 1),
    "another": ("0328662113", 0),
    "day and count": ("202603140001", 1),
    "words": ("Siti", 0),
    "a like pattern": ("%%%", 0),
    "blank": ("  ", 2),
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_search(operator: Client, database: Database, clock: SetClock, name: str) -> None:
    await ring(database, clock.now, "62328662112", 1)
    await ring(database, clock.now, None, 2)
    q, count = SEARCHES[name]
    found = (await operator.get("/api/v1/reports", params={"q": q})).json()["reports"]
    assert len(found) == count


async def test_narrowing(operator: Client) -> None:
    for kind in ("kebakaran", "hewan"):
        await operator.post("/api/v1/reports", json={"source": "walk-in", "kind": kind})

    async def count(**narrowed: str) -> int:
        answer = await operator.get("/api/v1/reports", params=narrowed)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["reports"])

    assert await count(kind="hewan") == 1
    assert await count(status="open") == 2
    assert await count(status="closed") == 0
    assert await count(**{"class": "prank"}) == 0
    assert await count(**{"from": "2026-03-14T08:59:26+07:00", "to": "2026-03-14T02:00:00Z"}) == 2
    assert await count(**{"from": "2026-03-14T02:00:00Z"}) == 0
    for wrong in (
        {"limit": "0"},
        {"limit": "201"},
        {"after": "x"},
        {"status": "lost"},
        {"from": "today"},
        {"q": "a\0"},
    ):
        answer = await operator.get("/api/v1/reports", params=wrong)
        assert answer.status_code == 422
        assert answer.json()["field"] == next(iter(wrong))
        assert next(iter(wrong)) in answer.json()["message"]


async def test_a_walk_in_report_and_the_same_one_twice(operator: Client) -> None:
    body: Json = {
        "source": "silapor",
        "external_id": "S-1",
        "caller": {"number": "0812 0000 0001", "name": "Budi"},
        "kind": "pju",
        "priority": "P3",
        "location": {"text": "Jl. Contoh", "lat": -7.0, "lon": 113.9},
        "narrative": "Lampu padam",
    }
    first = await operator.post("/api/v1/reports", json=body)
    again = await operator.post("/api/v1/reports", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    report = first.json()
    assert (report["caller"]["number"], report["call"], report["version"]) == ("+6281200000001", None, 1)
    place = report["location"]
    assert (place["text"], place["lat"], place["lon"], place["method"]) == ("Jl. Contoh", -7.0, 113.9, "typed")
    assert [entry["text"] for entry in report["entries"]] == ["Laporan dibuka (silapor)."]


REFUSED_BODIES: dict[str, list[Json]] = {
    "source": [{}, {"source": "call"}, {"source": "Walk In"}],
    "caller.nmae": [{"source": "walk-in", "caller": {"nmae": "x"}}],
    "kind": [{"source": "walk-in", "kind": "Fire!"}],
    "priority": [{"source": "walk-in", "priority": "P4"}],
    "narrative": [{"source": "walk-in", "narrative": "a\0b"}, {"source": "walk-in", "narrative": "\ud800"}],
    "location": [
        {"source": "walk-in", "location": {"lat": 1.0}},
        {"source": "walk-in", "location": {"lat": 1, "lon": None}},
    ],
    "location.lat": [{"source": "walk-in", "location": {"lat": 91, "lon": 0}}],
    "location.lon": [{"source": "walk-in", "location": {"lat": 1, "lon": "113"}}],
}


@pytest.mark.parametrize("field", REFUSED_BODIES)
async def test_what_is_refused_is_named(operator: Client, field: str) -> None:
    for body in REFUSED_BODIES[field]:
        answer = await operator.post(
            "/api/v1/reports", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert answer.json()["field"] == field
        assert field in answer.json()["message"]
        assert answer.json()["why"], "the page says the rule in the reader's language"


async def test_an_unknown_kind_is_refused(operator: Client) -> None:
    answer = await operator.post("/api/v1/reports", json={"source": "walk-in", "kind": "ufo"})
    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_kind")


async def test_two_who_change_different_fields_merge_and_the_same_field_conflicts(operator: Client) -> None:
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}"

    async def patch(version: int, **fields: object) -> tuple[int, Json]:
        answer = await operator.patch(url, json=fields, headers={"If-Match": f'"{version}"'})
        return answer.status_code, answer.json()

    assert (await patch(1, kind="kebakaran"))[1]["version"] == 2
    status, merged = await patch(1, location={"text": "Desa Contoh"})
    assert (status, merged["kind"], merged["location"]["text"], merged["version"]) == (
        200,
        "kebakaran",
        "Desa Contoh",
        3,
    )
    assert (await patch(1, kind="kebakaran"))[1]["version"] == 3  # the same value is no conflict and no change
    status, refused = await patch(1, kind="hewan", narrative="lost?")
    assert status == 412
    assert (refused["current_version"], refused["conflicts"]) == (
        3,
        {"kind": {"yours": "hewan", "theirs": "kebakaran"}},
    )
    assert (await operator.get(url)).json()["narrative"] is None
    assert (await patch(3, location={"lat": -7.0, "lon": 113.0}))[0] == 200
    status, refused = await patch(3, location={"lat": -7.0, "lon": 114.0})
    assert status == 412
    assert refused["conflicts"]["location.lon"] == {"yours": 114.0, "theirs": 113.0}
    assert (await patch(3, location={"text": "Desa Lain"}))[0] == 200
    entries = (await operator.get(url)).json()["entries"]
    assert "Jenis: – → kebakaran" in [entry["text"] for entry in entries]
    assert {entry["author"] for entry in entries} == {"the operator"}


async def test_if_match(operator: Client) -> None:
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}"
    assert (await operator.patch(url, json={"kind": "laut"})).status_code == 428
    for value, status in {
        "1": 400,
        '"x"': 400,
        "*": 400,
        'W/"1"': 400,
        '""': 400,
        '"2"': 412,
        '"999999999"': 412,
    }.items():
        answer = await operator.patch(url, json={"kind": "laut"}, headers={"If-Match": value})
        assert answer.status_code == status, value
    gone = await operator.patch(url.replace("0001", "0002"), json={}, headers={"If-Match": '"1"'})
    assert gone.status_code == 404


async def test_a_number_a_person_wrote_is_kept_as_written_with_its_e164(operator: Client) -> None:
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    answer = await operator.patch(
        f"/api/v1/reports/{number}", json={"caller": {"number": "0328-662112"}}, headers={"If-Match": '"1"'}
    )
    assert answer.json()["caller"]["number"] == "+62328662112"
    assert answer.json()["caller"]["number_raw"] == "0328-662112"


STEPS = [
    ("open", "working", 200),
    ("open", "closed", 409),
    ("open", "resolved", 200),
    ("open", "reopened", 409),
    ("open", "dispatched", 409),
    ("working", "open", 409),
    ("resolved", "working", 409),
    ("resolved", "reopened", 200),
    ("resolved", "closed", 409),
    ("resolved", "resolved", 200),
]


@pytest.mark.parametrize(("now", "to", "status"), STEPS)
async def test_steps(operator: Client, now: str, to: str, status: int) -> None:
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}"
    if now != "open":
        assert (await operator.patch(url, json={"status": now}, headers={"If-Match": '"1"'})).status_code == 200
    etag = (await operator.get(url)).headers["ETag"]
    answer = await operator.patch(url, json={"status": to}, headers={"If-Match": etag})
    assert answer.status_code == status, answer.text
    if status == 409:
        assert answer.json()["error"] == ("no_disposition" if to == "closed" else "illegal_step")
        assert len(answer.json()["message"]) > 30
        assert set(answer.json()["allowed"]) == set(steps.MAY[steps.known(now)])


async def test_entries_are_written_in_pen(operator: Client, database: Database) -> None:
    report = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()
    url = f"/api/v1/reports/{report['number']}"
    written = await operator.post(f"{url}/entries", json={"text": "Dua korban <b>&"})
    assert written.status_code == 201
    entry = written.json()
    assert (entry["text"], entry["author"], entry["automatic"], entry["struck_at"]) == (
        "Dua korban <b>&",
        "the operator",
        False,
        None,
    )
    struck = await operator.post(f"{url}/entries/{entry['id']}/strike", json={})
    assert struck.status_code == 200
    assert struck.json()["struck_at"] is not None
    assert (await operator.post(f"{url}/entries/{entry['id']}/strike")).json() == struck.json()
    after = (await operator.get(url)).json()
    assert (after["version"], after["status"]) == (3, "working")
    assert [entry["text"] for entry in after["entries"]][-2:] == ["Dua korban <b>&", "Status: baru → dikerjakan"]
    assert (await operator.post(f"{url}/entries", json={"text": " \n"})).status_code == 422
    assert (await operator.post(f"{url}/entries/{report['number']}/strike", json={})).status_code == 404
    assert (await chain.verify(database)).bad is None
