"""An agency without a computer system: nothing is sent, people are told to telephone, its ladder goes on."""

from db import agencies, envelopes, standings
from db.engine import Database
from routing import standing
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn
from tests.intake.test_escalating import look
from tests.routing.running import running, until

URL = "/api/v1/agencies"
SAR = {"code": "sar", "name": "SAR", "phone": "0328 662 112", "kinds": ["kebakaran"]}


async def reported(client: Client) -> tuple[str, Json]:
    """Open a report and send it to the agency; return its path and the dispatch."""
    opened = await client.post("/api/v1/reports", json={"source": "walk-in", "kind": "kebakaran", "priority": "P1"})
    path = f"/api/v1/reports/{opened.json()['number']}"
    sent = await client.post(f"{path}/dispatches", json={"agencies": ["sar"]})
    assert sent.status_code == 201, sent.text
    return path, (await client.get(path)).json()["dispatches"][0]


async def texts(client: Client, path: str) -> list[str]:
    """Return what the report tells."""
    return [one["text"] for one in (await client.get(path)).json()["entries"]]


async def test_people_are_told_to_telephone_and_nothing_is_ever_tried(
    as_role: LogIn, database: Database, clock: SetClock
) -> None:
    admin = await as_role("admin")
    refused = await admin.post(URL, json=SAR | {"phone": None})
    assert (refused.status_code, refused.json()["error"]) == (422, "no_duty_number")
    added = await admin.post(URL, json=SAR)
    assert (added.status_code, added.json()["agency"]["url"], added.json()["resolves"]) == (201, None, True)
    path, dispatch = await reported(admin)
    assert (dispatch["state"], dispatch["agency_no_system"], dispatch["agency_phone"]) == ("queued", True, SAR["phone"])
    assert dispatch["delivery"] is None
    told = "SAR (tanpa sistem: telepon 0328 662 112)"
    assert f"Tugas untuk {told}" in " ".join(await texts(admin, path))
    assert (await admin.post(f"/api/v1/dispatches/{dispatch['id']}/page-link")).status_code == 200
    for deed, body in (("pause", {"reason": "uji coba"}), ("test", None), ("redrive", None)):
        answer = await admin.post(f"{URL}/sar/{deed}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (409, "no_system"), deed
    clock.forward(seconds=61)
    assert await look(database) == 1
    assert f"{told} belum menerima dalam 60 dtk: hubungi lewat telepon" in await texts(admin, path)
    assert (await admin.post(f"{path}/entries", json={"text": "Api membesar"})).status_code == 201
    assert (await admin.get(f"{URL}/sar/deliveries")).json()["deliveries"] == []
    [one] = [one for one in (await admin.get(URL)).json()["agencies"] if one["code"] == "sar"]
    assert (one["no_system"], one["unsent"], one["unaccepted"], one["failing_since"]) == (True, 0, 1, None)


async def test_a_system_that_goes_and_one_that_comes(as_role: LogIn, database: Database) -> None:
    admin = await as_role("admin")
    there = {"url": "http://127.0.0.1:9/a", "allow_cidr": ["127.0.0.0/8"]}
    assert (await admin.post(URL, json=SAR | there | {"phone": None})).status_code == 201
    path, dispatch = await reported(admin)
    await admin.post(f"{URL}/sar/pause", json={"reason": "perbaikan"})
    settings = f"{URL}/sar/settings"
    refused = await admin.patch(settings, json={"url": None}, headers={"If-Match": '"1"'})
    assert refused.json()["error"] == "no_duty_number"
    gone = await admin.patch(settings, json={"url": None, "phone": "0328662112"}, headers={"If-Match": '"1"'})
    assert (gone.status_code, gone.json()["url"]) == (200, None)
    assert "SAR tidak lagi punya sistem: hubungi lewat telepon 0328662112" in await texts(admin, path)
    dispatch = (await admin.get(path)).json()["dispatches"][0]
    assert dispatch["escalate_at"] == dispatch["created_at"], "looked at now: it is texted"
    delivery = dispatch["delivery"]
    assert (delivery["state"], delivery["cause"], delivery["tries"]) == ("withdrawn", "agency_no_system", 0)
    async with database.reading() as reading:
        assert await standing.alarms(reading) == []
        [row] = await standings.every(reading)
        assert (row.paused_at, row.no_system) == (None, True)
    path, dispatch = await reported(admin)
    back = await admin.patch(settings, json=there, headers={"If-Match": '"2"'})
    assert back.status_code == 200, back.text
    await admin.post(f"{path}/entries", json={"text": "Api membesar"})
    async with database.reading() as reading:
        assert [one.type for one in await envelopes.of_dispatch(reading, dispatch["id"])] == ["dispatch.created"]


async def test_such_a_dispatch_is_cancelled_and_closed_by_telephone(as_role: LogIn, database: Database) -> None:
    admin = await as_role("admin")
    assert (await admin.post(URL, json=SAR)).status_code == 201
    path, dispatch = await reported(admin)
    cancelled = await admin.post(f"/api/v1/dispatches/{dispatch['id']}/cancel", json={"reason": "Api padam"})
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    told = "Penugasan ke SAR (tanpa sistem: telepon 0328 662 112) dibatalkan: Api padam"
    assert told in await texts(admin, path)
    path, dispatch = await reported(admin)
    etag = {"If-Match": (await admin.get(path)).headers["ETag"]}
    assert (await admin.patch(path, json={"status": "resolved"}, headers=etag)).status_code == 200
    closed = await admin.post(f"{path}/close", json={"disposition": "resolved", "caller": "told"})
    assert (closed.status_code, closed.json()["status"]) == (200, "closed"), closed.text
    assert not any("Belum sampai" in text for text in await texts(admin, path))
    async with database.reading() as reading:
        assert await envelopes.of_dispatch(reading, dispatch["id"]) == []
    path, dispatch = await reported(admin)
    there = {"url": "http://127.0.0.1:9/a", "allow_cidr": ["127.0.0.0/8"]}
    assert (await admin.patch(f"{URL}/sar/settings", json=there, headers={"If-Match": '"1"'})).status_code == 200
    await admin.post(f"/api/v1/dispatches/{dispatch['id']}/cancel", json={"reason": "Api padam"})
    told = "Penugasan ke SAR dibatalkan (belum pernah terkirim: hubungi lewat telepon): Api padam"
    assert told in await texts(admin, path)  # somebody may have telephoned while it had no system


async def test_what_was_put_out_in_that_moment_is_not_tried(as_role: LogIn, database: Database) -> None:
    admin = await as_role("admin")
    await admin.post(URL, json=SAR | {"url": "http://127.0.0.1:9/a", "allow_cidr": ["127.0.0.0/8"]})
    _, dispatch = await reported(admin)
    async with database.transaction() as tx:
        found = await agencies.find(tx, "sar")
        assert found is not None
        await agencies.set_url(tx, found.id, "")

    async def ended() -> bool:
        async with database.reading() as reading:
            return [one.state for one in await envelopes.of_dispatch(reading, dispatch["id"])] != ["pending"]

    async with running(database):
        await until(ended)
    async with database.reading() as reading:
        [one] = await envelopes.of_dispatch(reading, dispatch["id"])
    assert (one.state, one.cause, one.tries) == ("withdrawn", "agency_no_system", 0)
