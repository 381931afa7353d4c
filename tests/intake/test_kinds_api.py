"""Kinds and their guides by the API: what raises a priority, who may set what. On both databases."""

from datetime import timedelta

import pytest

from db.engine import Database
from intake import guide
from intake.refusals import UnknownQuestionError
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn, add_agency

KINDS = [
    "kebakaran",
    "ambulans",
    "laka",
    "odgj",
    "hewan",
    "pohon",
    "pju",
    "banjir",
    "laut",
    "kriminal",
    "sosial",
    "lain",
]
THRESHOLDS = {"P1": 10, "P2": 5}
RAISED = {  # the report's priority, its kind's, the sum before, the sum after, what it is raised to
    "to the most urgent": ("P3", "P3", 0, 10, "P1"),
    "one step": ("P3", "P3", 0, 5, "P2"),
    "not enough": ("P3", "P3", 0, 4, None),
    "it is that already": ("P1", "P3", 0, 12, None),
    "never lower": ("P1", "P3", 0, 5, None),
    "what adds nothing leaves what a person lowered": ("P3", "P1", 12, 12, None),
    "less than before": ("P3", "P3", 20, 10, None),
    "nobody judged, and the kind is more urgent than the answer": (None, "P1", 0, 5, "P1"),
    "nobody judged, and the answer is more urgent": (None, "P3", 0, 10, "P1"),
    "nobody judged, and it says nothing": (None, "P1", 0, 0, None),
}


@pytest.mark.parametrize("name", RAISED)
def test_what_raises_a_priority(name: str) -> None:
    present, default, before, after, raised = RAISED[name]
    assert guide.raised(present, default, before, after, THRESHOLDS) == raised
    assert guide.raised(present, default, before, after, {}) is None


def test_what_nobody_asks() -> None:
    for question, answer in (("hurt", "maybe"), ("how", "yes")):
        with pytest.raises(UnknownQuestionError):
            guide.asked([{"code": "hurt", "name": {"id": "?"}, "answers": []}], question, answer)


async def opened(client: Client, **fields: object) -> str:
    """Open a report and return its address."""
    answer = await client.post("/api/v1/reports", json={"source": "walk-in", **fields})
    return f"/api/v1/reports/{answer.json()['number']}"


async def says(client: Client, url: str, question: str, answer: str) -> Json:
    """Book an answer to the guide."""
    told = await client.post(f"{url}/guide", json={"question": question, "answer": answer})
    assert told.status_code == 200, told.text
    return dict(told.json())


async def test_the_kinds_a_centre_begins_with(operator: Client) -> None:
    kinds = (await operator.get("/api/v1/kinds")).json()["kinds"]
    assert [kind["code"] for kind in kinds] == KINDS
    for kind in kinds:
        assert kind["icon"], kind["code"]
        assert kind["guide"], kind["code"]
        assert kind["thresholds"] == THRESHOLDS
        assert (kind["version"], kind["disabled"], kind["accept_within_s"]) == (1, False, {})


async def test_every_answer_is_an_entry_and_some_make_it_urgent(operator: Client, database: Database) -> None:
    await add_agency(database, "pln")
    url = await opened(operator, kind="pju", priority="P3")
    await operator.post(f"{url}/dispatches", json={"agencies": ["pln"]})
    first = await says(operator, url, "wires", "no")
    assert (first["priority"], first["entries"][-1]["text"]) == (
        "P3",
        "Kabel terkelupas atau jatuh? Tidak (bobot 0, jumlah 0)",
    )
    worse = await says(operator, url, "wires", "yes")
    assert worse["priority"] == "P1"
    assert [entry["text"] for entry in worse["entries"]][-2:] == [
        "Kabel terkelupas atau jatuh? Ya (bobot 10, jumlah 10)",
        "Prioritas: P3 → P1",
    ]
    assert worse["entries"][-1]["author"] == "the operator"
    assert [(one["question"], one["answer"], one["weight"]) for one in worse["guide"]] == [("wires", "yes", 10)]
    (dispatch,) = worse["dispatches"]
    assert dispatch["accept_by"] < first["dispatches"][0]["accept_by"], "who has it has less time now"
    etag = (await operator.get(url)).headers["ETag"]
    lower = await operator.patch(url, json={"priority": "P3"}, headers={"If-Match": etag})
    assert lower.json()["priority"] == "P3"
    assert (await says(operator, url, "wires", "yes"))["priority"] == "P3", "what a person has lowered since stays"


async def test_what_cannot_be_asked(operator: Client) -> None:
    url = await opened(operator)
    answer = await operator.post(f"{url}/guide", json={"question": "hurt", "answer": "yes"})
    assert (answer.status_code, answer.json()["error"]) == (409, "no_kind")
    url = await opened(operator, kind="laka")
    for question, said in (("wires", "yes"), ("hurt", "maybe")):
        answer = await operator.post(f"{url}/guide", json={"question": question, "answer": said})
        assert (answer.status_code, answer.json()["error"]) == (422, "unknown_question")


async def test_an_administrator_sets_kinds_and_none_is_deleted(
    as_role: LogIn, database: Database, clock: SetClock
) -> None:
    client = await as_role("admin")
    await add_agency(database, "bpbd")
    answers = [{"code": "ya", "name": {"id": "Ya", "en": "Yes"}, "weight": 3}]
    question = {"code": "dalam", "name": {"id": "Dalam?", "en": "Deep?"}, "answers": answers}
    new: Json = {
        "code": "sumur",
        "name": {"id": "Jatuh ke sumur", "en": "Fall into a well"},
        "priority": "P2",
        "icon": "well",
        "accept_within_s": {"P2": 120},
        "guide": [question],
        "thresholds": {"P1": 3},
    }
    made = await client.post("/api/v1/kinds", json=new)
    assert (made.status_code, made.json()["version"]) == (201, 1), made.text
    assert {name: made.json()[name] for name in new} == new
    assert (await client.post("/api/v1/kinds", json=new)).status_code == 409
    url = await opened(client, kind="sumur")
    sent = await client.post(f"{url}/dispatches", json={"agencies": ["bpbd"]})
    within = timedelta(seconds=120)
    assert sent.json()["dispatches"][0]["accept_by"] == f"{clock.now + within:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert (await says(client, url, "dalam", "ya"))["priority"] == "P1"
    for refused in (
        {"guide": [question, question]},
        {"thresholds": {"P1": 1, "P2": 2}},
        {"guide": [question | {"answers": [*answers, *answers]}]},
        {"guide": [question | {"answers": []}]},
        {"accept_within_s": {"P2": 1}},
        {"accept_within_s": {"P9": 60}},
    ):
        answer = await client.patch("/api/v1/kinds/sumur", json=refused, headers={"If-Match": '"1"'})
        assert answer.status_code == 422, refused
    changed = await client.patch("/api/v1/kinds/sumur", json={"disabled": True}, headers={"If-Match": '"1"'})
    assert (changed.json()["disabled"], changed.json()["version"], changed.json()["icon"]) == (True, 2, "well")
    stale = await client.patch("/api/v1/kinds/sumur", json={"priority": "P1"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"], stale.headers["ETag"]) == (412, 2, '"2"')
    answer = await client.post("/api/v1/reports", json={"source": "walk-in", "kind": "sumur"})
    assert (answer.status_code, answer.json()["error"]) == (422, "kind_disabled")
    assert (await client.get(url)).json()["kind"] == "sumur", "what has it keeps it"
    assert (await client.delete("/api/v1/kinds/sumur")).status_code == 405
    client = await as_role("supervisor")
    assert (await client.post("/api/v1/kinds", json=new)).status_code == 403
    assert (await client.patch("/api/v1/kinds/laka", json={}, headers={"If-Match": '"1"'})).status_code == 403
