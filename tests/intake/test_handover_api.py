"""The end of a shift: open reports are handed over with a note, and taken. On both databases."""

from db import live
from db.engine import Database
from intake import access
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, close

URL = "/api/v1/handovers"


async def opened(client: Client) -> str:
    """Open a report and return its number."""
    return str((await client.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"])


async def report(client: Client, number: str) -> Json:
    """Return a report."""
    return dict((await client.get(f"/api/v1/reports/{number}")).json())


async def numbers(client: Client, url: str) -> list[str]:
    """Return the numbers of the reports that a route lists."""
    return [one["number"] for one in (await client.get(url)).json()["reports"]]


async def test_what_is_left_open_is_handed_over(operator: Client, database: Database, clock: SetClock) -> None:
    async with database.transaction() as tx:
        await access.create_user(tx, "budi", "operator", "kuda laut biru tua")
        other = {"Authorization": f"Bearer {await access.create_token(tx, 'wall', 'operator')}"}
    mine, done = await opened(operator), await opened(operator)
    theirs = str((await operator.post("/api/v1/reports", json={"source": "walk-in"}, headers=other)).json()["number"])
    etag = {"If-Match": '"1"'}
    await operator.patch(f"/api/v1/reports/{done}", json={"status": "resolved"}, headers=etag)
    await close(database, done)
    assert await numbers(operator, "/api/v1/my-reports") == [mine]
    answer = await operator.post(URL, json={"to": "budi", "note": "Tunggu kabar PLN"})
    handed = answer.json()
    assert (answer.status_code, handed["reports"], handed["from"], handed["to"]) == (
        201,
        [mine],
        "the operator",
        "budi",
    )
    shown = await report(operator, mine)
    assert (shown["version"], shown["handover"]["note"]) == (2, "Tunggu kabar PLN")
    assert (shown["entries"][-1]["text"], shown["entries"][-1]["author"]) == (
        "Diserahkan kepada budi: Tunggu kabar PLN",
        "the operator",
    )
    assert (await report(operator, theirs))["handover"] is None
    assert await numbers(operator, "/api/v1/my-reports") == [], "handed over"
    assert (await operator.get("/api/v1/my-reports", headers=other)).json()["reports"][0]["number"] == theirs
    waiting = (await operator.get(URL, params={"waiting": "true"})).json()["handovers"]
    assert [one["id"] for one in waiting] == [handed["id"]]
    assert (await operator.post(URL, json={"note": "Lagi"})).json()["error"] == "nothing_to_hand_over", (
        "it was, already"
    )
    taken = await operator.post(f"{URL}/{handed['id']}/take", headers=other)
    assert (taken.status_code, taken.json()["taken_by"]) == (200, "wall")
    assert (await operator.post(f"{URL}/{handed['id']}/take", json={})).json()["error"] == "handover_taken"
    assert (await operator.get(URL, params={"waiting": "true"})).json()["handovers"] == []
    assert (await report(operator, mine))["handover"]["taken_by"] == "wall"
    assert (await report(operator, mine))["entries"][-1]["text"] == "Serah terima dari the operator diterima"
    clock.forward(seconds=1)
    await operator.post(f"/api/v1/reports/{mine}/entries", json={"text": "PLN datang"})
    assert (await operator.post(URL, json={"note": "Lagi"})).json()["reports"] == [mine]
    async with database.reading() as reading:
        told = [(one.kind, one.subject) for one in await live.after(reading, 0)]
    assert told.count(("handover", handed["id"])) == 2


async def test_what_cannot_be_handed_over(operator: Client, database: Database) -> None:
    number = await opened(operator)
    for body, status, error in (
        ({"to": "nobody", "note": "x"}, 422, "unknown_person"),
        ({"note": "x", "reports": ["112-20260314-0999"]}, 404, "unknown_report"),
        ({"note": " "}, 422, "invalid"),
    ):
        answer = await operator.post(URL, json=body)
        assert (answer.status_code, answer.json()["error"]) == (status, error)
    await operator.patch(f"/api/v1/reports/{number}", json={"status": "resolved"}, headers={"If-Match": '"1"'})
    await close(database, number)
    answer = await operator.post(URL, json={"note": "x", "reports": [number]})
    assert (answer.status_code, answer.json()["error"]) == (409, "report_closed")
    assert (await operator.post(URL, json={"note": "x"})).json()["error"] == "nothing_to_hand_over"
    assert (await operator.post(f"{URL}/{number}/take")).status_code == 404
    other = await opened(operator)
    anybody = await operator.post(URL, json={"note": "Siapa saja", "reports": [other]})
    assert (anybody.json()["to"], anybody.json()["reports"]) == (None, [other])
