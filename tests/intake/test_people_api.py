"""Administrators keep people: what changes a person ends the person's sessions at once. On both databases."""

import asyncio
from typing import Any

import pytest

from db import chain
from db.engine import Database
from intake import access
from intake.access import COOKIE
from tests.intake.conftest import Client, Json, LogIn
from tests.intake.test_access_api import OURS, PASSWORD, log_in

NEW = {"name": "siti", "role": "operator", "password": PASSWORD}
USERS = "/api/v1/users"
FIRST = {"If-Match": '"1"'}  # the version of somebody who was just added


@pytest.fixture
async def admin(as_role: LogIn) -> Client:
    """A client with an administrator's token."""
    return await as_role("admin")


class Browser:
    """Siti's browser beside the administrator's client, which it borrows."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.cookie = ""

    async def log_in(self, password: str = PASSWORD) -> int:
        """Log in with a fresh browser."""
        answer = await self._client.post("/masuk", data={"username": "siti", "password": password})
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer.status_code

    async def is_in(self) -> bool:
        """Tell whether the session is alive."""
        token = self._client.headers.pop("Authorization")
        try:
            return (await self._client.get("/api/v1/calls", headers={"Cookie": self.cookie})).status_code == 200
        finally:
            self._client.headers["Authorization"] = token


@pytest.fixture
async def siti(admin: Client) -> Browser:
    """Siti, whom the administrator added, logged in."""
    assert (await admin.post(USERS, json=NEW)).status_code == 201
    browser = Browser(admin)
    assert await browser.log_in() == 303
    assert await browser.is_in()
    return browser


ENDINGS: dict[str, tuple[str, str, Json]] = {
    "another role": ("PATCH", f"{USERS}/siti", {"role": "supervisor"}),
    "disabled": ("PATCH", f"{USERS}/siti", {"disabled": True}),
    "another password": ("PATCH", f"{USERS}/siti", {"password": "another long password"}),
    "by an administrator": ("POST", f"{USERS}/siti/end-sessions", {}),
}


@pytest.mark.parametrize("why", ENDINGS)
async def test_a_session_ends_at_once(admin: Client, siti: Browser, database: Database, why: str) -> None:
    method, path, body = ENDINGS[why]
    assert (await admin.request(method, path, json=body, headers=FIRST)).status_code == 200
    assert not await siti.is_in()
    assert await siti.log_in() == (401 if why in ("disabled", "another password") else 303)
    async with database.reading() as reading:
        (row,) = [row for row in await chain.rows_after(reading, 0, 99) if row.actor == "the admin"][1:]
    assert row.subject == "user:siti"
    assert "password" not in row.detail


async def test_what_changes_nothing_ends_nothing(admin: Client, siti: Browser) -> None:
    same = await admin.patch(f"{USERS}/siti", json={"role": "operator", "disabled": False}, headers=FIRST)
    assert (same.status_code, same.headers["ETag"]) == (200, '"1"')
    assert await siti.is_in()


async def test_of_two_who_change_a_person_the_second_sees_both_values(admin: Client, siti: Browser) -> None:
    async def change(body: Json, headers: dict[str, str]) -> tuple[int, Json]:
        answer = await admin.patch(f"{USERS}/siti", json=body, headers=headers)
        return answer.status_code, answer.json()

    at_once = await asyncio.gather(change({"role": "supervisor"}, FIRST), change({"disabled": True}, FIRST))
    assert sorted(status for status, _ in at_once) == [200, 412]
    (now,) = (await admin.get(USERS)).json()["users"]
    refused = next(body for status, body in at_once if status == 412)
    assert (refused["error"], refused["current_version"], now["version"]) == ("stale", 2, 2)
    theirs = {"role": now["role"], "disabled": now["disabled_at"] is not None}
    ((name, sides),) = refused["conflicts"].items()
    assert sides == {"yours": "supervisor" if name == "role" else True, "theirs": theirs[name]}
    status, unseen = await change({"password": "another long password"}, FIRST)
    assert (status, unseen["conflicts"]) == (412, {})
    assert (await change({"role": "admin"}, {}))[0] == 428
    assert (await change({"role": "admin"}, {"If-Match": '"2"'}))[1]["version"] == 3


async def test_one_session_is_ended_by_its_id_which_opens_nothing(admin: Client, siti: Browser) -> None:
    kept = siti.cookie
    await siti.log_in()
    assert kept != siti.cookie
    sessions = (await admin.get("/api/v1/sessions")).json()["sessions"]
    assert [one["user"] for one in sessions] == ["siti", "siti"]
    assert not any(one["id"] in kept + siti.cookie for one in sessions)
    statuses: set[int] = set()
    for one in sessions:
        path = f"/api/v1/sessions/{one['id']}/end"
        statuses |= {(await admin.post(path)).status_code, 1000 + (await admin.post(path)).status_code}
    assert statuses == {200, 1404}
    assert not await siti.is_in()
    siti.cookie = f"{COOKIE}={sessions[0]['id']}"
    assert not await siti.is_in()


async def test_a_disabled_person_is_enabled_again(admin: Client, siti: Browser) -> None:
    await admin.patch(f"{USERS}/siti", json={"disabled": True}, headers=FIRST)
    shown = (await admin.get(USERS)).json()["users"]
    assert [(one["name"], one["disabled_at"] is not None) for one in shown] == [("siti", True)]
    await admin.patch(f"{USERS}/siti", json={"disabled": False}, headers={"If-Match": '"2"'})
    assert await siti.log_in() == 303


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"password": "elevenchars"}, 422),
        ({"password": " " * 12}, 422),
        ({"role": "agency"}, 422),
        ({"name": " siti"}, 422),
        ({"name": "the admin"}, 409),  # a token's: the record could not tell them apart
        ({"name": "PBX"}, 409),
        ({"name": "Command Line"}, 409),
    ],
)
async def test_who_cannot_be_added(admin: Client, more: Json, status: int) -> None:
    assert (await admin.post(USERS, json=NEW | more)).status_code == status
    assert (await admin.get(USERS)).json()["users"] == []


async def test_nobody_of_that_name(admin: Client) -> None:
    for answer in (
        await admin.patch(f"{USERS}/nobody", json={"role": "admin"}, headers=FIRST),
        await admin.post(f"{USERS}/nobody/end-sessions"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (404, "unknown_user")
    assert (await admin.patch(f"{USERS}/nobody", json={})).status_code == 422


async def test_an_administrator_always_remains(admin: Client) -> None:
    for name in ("rina", "budi"):
        await admin.post(USERS, json=NEW | {"name": name, "role": "admin"})

    async def demote(name: str, change: dict[str, Any]) -> int:
        return (await admin.patch(f"{USERS}/{name}", json=change, headers=FIRST)).status_code

    both = await asyncio.gather(demote("rina", {"role": "operator"}), demote("budi", {"disabled": True}))
    assert sorted(both) == [200, 409]


async def test_an_operator_who_plays_the_administrator_is_refused(client: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await access.create_user(tx, "siti", "operator", PASSWORD)
    await log_in(client)
    made = await client.post(USERS, json=NEW | {"name": "evil", "role": "admin"}, headers=OURS)
    raised = await client.patch(f"{USERS}/siti", json={"role": "admin"}, headers=OURS)
    assert (made.status_code, raised.status_code) == (403, 403)
