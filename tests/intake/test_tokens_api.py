"""Administrators keep the tokens of machines, and give an agency another one. On both databases."""

import asyncio

import pytest

from db import agencies, live, people
from db.engine import Database
from intake import access, tokens
from intake.staff import LastAdministratorError
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn, add_agency
from tests.intake.test_access_api import PASSWORD

URL = "/api/v1/tokens"
RENEW = "/api/v1/agencies/damkar/renew-token"


@pytest.fixture
async def admin(as_role: LogIn) -> Client:
    """A client with an administrator's token, the only administrator there is."""
    return await as_role("admin")


async def is_heard(client: Client, token: str) -> bool:
    """Tell whether an agency is heard with this token: then its dispatch is unknown, and not it."""
    path = "/agency/v1/dispatches/00000000-0000-7000-8000-000000000000/answers"
    headers = {"Authorization": f"Bearer {token}"}
    status = (await client.post(path, json={"answer": "accepted"}, headers=headers)).status_code
    assert status in (401, 404)
    return status == 404


async def listed(admin: Client, name: str) -> Json:
    """Return a token as administrators see it."""
    return next(one for one in (await admin.get(URL)).json()["tokens"] if one["name"] == name)


async def told(database: Database) -> list[tuple[str, str]]:
    """Return what was told on /live."""
    async with database.reading() as reading:
        return [(row.kind, row.subject) for row in await live.after(reading, 0, 100)]


async def test_a_token_is_made_shown_once_and_disabled(admin: Client, database: Database) -> None:
    made = (await admin.post(URL, json={"name": "sms/satu", "role": "operator"})).json()
    machine = {"Authorization": f"Bearer {made['token']}"}
    assert (await admin.get("/api/v1/calls", headers=machine)).status_code == 200
    assert await listed(admin, "sms/satu") == {
        "name": "sms/satu",
        "role": "operator",
        "agency": None,
        "created_at": (await listed(admin, "the admin"))["created_at"],
        "disabled_at": None,
        "old_until": None,
    }
    disabled = await admin.post(f"{URL}/sms%2Fsatu/disable")
    assert disabled.status_code == 200
    assert (await admin.get("/api/v1/calls", headers=machine)).status_code == 401
    assert (await listed(admin, "sms/satu"))["disabled_at"] is not None
    for name in ("sms/satu", "nobody"):
        again = await admin.post(f"{URL}/{name}/disable")
        assert (again.status_code, again.json()["error"]) == (404, "unknown_token")
    record = (await admin.get("/api/v1/audit", params={"subject": "token:sms/satu"})).json()["rows"]
    assert [(one["actor"], one["action"]) for one in record] == [
        ("the admin", "token.disabled"),
        ("the admin", "token.created"),
    ]
    assert (await told(database)).count(("settings", "tokens")) == 2
    shown = [(await admin.get(one)).text for one in (URL, "/api/v1/audit")]
    assert not any(made["token"] in text or "i112_" in text for text in shown)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"name": "damkar", "role": "machine"}, 409, "Choose another name"),
        ({"name": "the admin", "role": "operator"}, 409, "Choose another name"),
        ({"name": "PBX", "role": "operator"}, 409, "Choose another name"),
        ({"name": "Si Lapor", "role": "machine"}, 422, "source"),
        ({"name": "x", "role": "agency"}, 422, "role"),
        ({"name": "x", "role": "wall"}, 422, "role"),
    ],
)
async def test_a_token_that_cannot_be(admin: Client, database: Database, body: Json, status: int, word: str) -> None:
    await add_agency(database, "damkar")
    answer = await admin.post(URL, json=body)
    assert answer.status_code == status
    assert word in answer.json()["message"]


async def test_a_machine_gets_another_token_under_its_name(admin: Client, clock: SetClock) -> None:
    made = (await admin.post(URL, json={"name": "silapor", "role": "machine"})).json()["token"]

    async def opens(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await admin.post("/api/v1/reports", json={"source": "silapor"}, headers=headers)).status_code

    renewed = (await admin.post(f"{URL}/silapor/renew", json={"grace_h": 2})).json()
    assert [await opens(made), await opens(renewed["token"])] == [201, 201]
    clock.forward(hours=2)
    assert [await opens(made), await opens(renewed["token"])] == [401, 201]
    leaked = renewed["token"]
    renewed = (await admin.post(f"{URL}/silapor/renew", json={"grace_h": 0})).json()
    assert renewed["old_token_until"] is None
    assert [await opens(leaked), await opens(renewed["token"])] == [401, 201]
    await admin.post(f"{URL}/silapor/disable")
    again = (await admin.post(f"{URL}/silapor/renew")).json()
    assert [await opens(renewed["token"]), await opens(again["token"])] == [401, 201]
    record = (await admin.get("/api/v1/audit", params={"subject": "token:silapor"})).json()["rows"]
    assert [one["action"] for one in record][:2] == ["token.renewed", "token.disabled"]


async def test_what_is_no_machines_token_is_renewed_elsewhere(admin: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    refused = await admin.post(f"{URL}/damkar/renew")
    assert (refused.status_code, refused.json()["error"]) == (409, "others_token")
    unknown = await admin.post(f"{URL}/nobody/renew")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown_token")


async def test_an_administrator_always_remains(admin: Client, database: Database) -> None:
    refused = await admin.post(f"{URL}/the admin/disable")
    assert (refused.status_code, refused.json()["error"]) == (409, "last_administrator")
    async with database.transaction() as tx:
        await access.create_token(tx, "second", "admin")

    async def disabled(name: str) -> bool:
        try:
            async with database.transaction() as tx:
                await tokens.disable(tx, name, "somebody")
        except LastAdministratorError:
            return False
        return True

    both = await asyncio.gather(disabled("the admin"), disabled("second"))
    assert sorted(both) == [False, True]
    async with database.transaction() as tx:
        await access.create_user(tx, "rina", "admin", PASSWORD)
    assert await disabled(("the admin", "second")[both.index(False)]), "a person can administer"


async def test_a_renewed_token_leaves_an_agency_time_or_none(
    admin: Client, database: Database, clock: SetClock
) -> None:
    first = await add_agency(database, "damkar")
    second = (await admin.post(RENEW)).json()
    assert (await listed(admin, "damkar"))["old_until"] == second["old_token_until"]
    assert (await is_heard(admin, first), await is_heard(admin, second["token"])) == (True, True)
    clock.forward(hours=24)
    assert (await is_heard(admin, first), await is_heard(admin, second["token"])) == (False, True)
    assert (await listed(admin, "damkar"))["old_until"] is None

    lost = (await admin.post(RENEW, json={"grace_h": 720})).json()  # the answer never came, so it is asked again
    third = (await admin.post(RENEW, json={"grace_h": 1})).json()
    assert [await is_heard(admin, one["token"]) for one in (second, lost, third)] == [True, True, True]
    assert (await listed(admin, "damkar"))["old_until"] == lost["old_token_until"]
    fourth = (await admin.post(RENEW, json={"grace_h": 0})).json()
    assert fourth["old_token_until"] is None
    heard = [await is_heard(admin, one["token"]) for one in (second, lost, third, fourth)]
    assert heard == [False, False, False, True]

    record = (await admin.get("/api/v1/audit", params={"action": "agency.token_renewed"})).json()["rows"]
    assert [one["detail"]["honoured_until"] is None for one in record] == [True, False, False, False]
    assert ("agency", "damkar") in await told(database)
    assert (await admin.post("/api/v1/agencies/bpbd/renew-token")).status_code == 404
    fifth = (await admin.post(RENEW)).json()
    async with database.transaction() as tx:
        found = await agencies.find(tx, "damkar")
        assert found is not None
        await people.remove_tokens(tx, found.id)  # as the demo does at each start
    assert [await is_heard(admin, one["token"]) for one in (fourth, fifth)] == [False, False]


async def test_a_token_that_was_disabled_is_not_honoured_again_by_a_grace(admin: Client, database: Database) -> None:
    leaked = await add_agency(database, "damkar")
    renewed = (await admin.post(RENEW)).json()
    assert (await admin.post(f"{URL}/damkar/disable")).status_code == 200
    assert (await is_heard(admin, leaked), await is_heard(admin, renewed["token"])) == (False, False)
    last = (await admin.post(RENEW, json={"grace_h": 24})).json()
    assert last["old_token_until"] is None
    heard = [await is_heard(admin, one) for one in (leaked, renewed["token"], last["token"])]
    assert heard == [False, False, True]
    assert (await listed(admin, "damkar"))["disabled_at"] is None
