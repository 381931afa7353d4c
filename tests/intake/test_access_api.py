"""Who may do what: roles, tokens, the log-in, foreign pages. On both databases."""

import argon2
import pytest
from fastapi import FastAPI

from db.engine import Database
from intake import access, staff
from intake.access import COOKIE, UnfitNameError
from intake.refusals import DeskError, NameTakenError, PasswordTooPoorError
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, Client, LogIn, add_agency

PASSWORD = "kuda laut biru tua"
OURS = {"Origin": PUBLIC_URL, "Sec-Fetch-Site": "same-origin"}


async def log_in(client: Client, password: str = PASSWORD, name: str = "siti") -> int:
    """Try to log in; keep the cookie as a browser would."""
    answer = await client.post("/masuk", data={"username": name, "password": password})
    if "Set-Cookie" in answer.headers:
        said = answer.headers["Set-Cookie"]
        assert said.startswith(f"{COOKIE}=")
        for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert part in said
        assert "Domain" not in said
        client.cookies.clear()  # the jar gives Secure cookies to https only
        client.headers["Cookie"] = said.partition(";")[0]
    return answer.status_code


@pytest.fixture
async def siti(client: Client, database: Database) -> Client:
    """A client of Siti's browser, not logged in."""
    async with database.transaction() as tx:
        await access.create_user(tx, "siti", "operator", PASSWORD)
    return client


@pytest.mark.parametrize("role", ["operator", "supervisor", "admin"])
async def test_staff_may_read_and_write(as_role: LogIn, role: str) -> None:
    client = await as_role(role)
    for path in (
        "state",
        "calls",
        "reports",
        "kinds",
        "agencies",
        "rules",
        "places/own",
        "places?q=x",
        "worklist",
        "strikes",
        "pilots",
        "caller-rules",
    ):
        assert (await client.get(f"/api/v1/{path}")).status_code == 200
    assert (await client.post("/api/v1/reports", json={"source": "walk-in"})).status_code == 201


async def test_an_agency_sees_nothing_of_the_desk(client: Client, database: Database) -> None:
    client.headers["Authorization"] = f"Bearer {await add_agency(database, 'damkar')}"
    report = "reports/112-20260314-0001"
    desk = ("state", "calls", "reports", "kinds", "agencies", "live", "rules", "aml", "places?q=x", report)
    for path in (*desk, "worklist", "strikes", "pilots", "caller-rules", f"{report}/caller", f"{report}/links"):
        answer = await client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


async def test_handsets_messages_are_shown_to_supervisors(as_role: LogIn, client: Client) -> None:
    for role, status in (("operator", 403), ("supervisor", 200), ("admin", 200)):
        assert (await (await as_role(role)).get("/api/v1/aml")).status_code == status


async def test_an_operator_is_no_agency(operator: Client) -> None:
    answer = await operator.post(
        "/agency/v1/dispatches/00000000-0000-7000-8000-000000000000/answers", json={"answer": "accepted"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("said", [None, "Bearer ", "Bearer i112_wrong", "Basic c2l0aTp4", "Bearer \u00e9"])
async def test_nobody_is_told_to_log_in(client: Client, said: str | None) -> None:
    headers = [] if said is None else [(b"Authorization", said.encode())]
    answer = await client.get("/api/v1/reports", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_logged_in")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "/masuk" in answer.json()["message"]


async def test_log_in_work_and_log_out(siti: Client) -> None:
    assert (await siti.get("/")).headers["Location"] == "/masuk"
    assert "username" in (await siti.get("/masuk")).text
    assert await log_in(siti) == 303
    assert (await siti.get("/api/v1/state")).status_code == 200
    made = await siti.post("/api/v1/reports", json={"source": "walk-in"}, headers=OURS)
    assert made.status_code == 201
    assert made.json()["entries"][0]["author"] == "siti"
    assert (await siti.post("/keluar", headers=OURS)).status_code == 303
    assert (await siti.get("/api/v1/state")).status_code == 401


async def test_a_stolen_old_cookie_and_a_planted_one_are_nothing(siti: Client) -> None:
    siti.headers["Cookie"] = f"{COOKIE}=planted"
    assert await log_in(siti) == 303
    first = siti.headers["Cookie"]
    assert "planted" not in first
    assert await log_in(siti) == 303
    assert siti.headers["Cookie"] != first
    siti.headers["Cookie"] = first
    assert (await siti.get("/api/v1/state")).status_code == 401


async def test_a_disabled_person_is_out_at_once(siti: Client, database: Database) -> None:
    await log_in(siti)
    async with database.transaction() as tx:
        await staff.change(tx, "siti", "test", disabled=True)
    assert (await siti.get("/api/v1/state")).status_code == 401
    assert await log_in(siti) == 401


async def test_a_session_lasts_a_shift(siti: Client, clock: SetClock) -> None:
    await log_in(siti)
    clock.forward(hours=11, minutes=59)
    assert (await siti.get("/api/v1/state")).status_code == 200
    clock.forward(minutes=2)
    assert (await siti.get("/api/v1/state")).status_code == 401


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://112.test.evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_writes_nothing(siti: Client, headers: dict[str, str]) -> None:
    await log_in(siti)
    for path in ("/api/v1/reports", "/keluar"):
        answer = await siti.post(path, json={"source": "walk-in"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "foreign_page")
    foreign = await siti.post("/masuk", data={"username": "siti", "password": PASSWORD}, headers=headers)
    assert foreign.status_code == 403
    assert (await siti.get("/api/v1/reports")).json()["reports"] == []


async def test_guessing_is_slowed_and_the_desk_still_works(siti: Client, clock: SetClock, database: Database) -> None:
    async with database.transaction() as tx:
        await access.create_user(tx, "budi", "operator", PASSWORD)
    statuses = [await log_in(siti, "wrong wrong wrong") for _ in range(10)]
    assert statuses == [401] * 5 + [429] * 5
    assert await log_in(siti) == 429  # even with the right one: who guesses must not learn
    assert await log_in(siti, name="budi") == 303
    clock.forward(seconds=2)
    assert await log_in(siti) == 303


async def test_an_unknown_name_is_refused_like_a_wrong_password(siti: Client) -> None:
    answers = [
        await siti.post("/masuk", data={"username": name, "password": "wrong wrong wrong"})
        for name in ("siti", "nobody", "a\0b", "")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    assert not argon2.PasswordHasher().check_needs_rehash(access.NOBODYS_HASH), "it costs what a real one costs"


async def test_tokens_and_people_are_made_with_sense(database: Database) -> None:
    async with database.transaction() as tx:
        assert (await access.create_token(tx, "wall", "operator")).startswith("i112_")
        with pytest.raises(NameTakenError, match="wall"):
            await access.create_token(tx, "wall", "admin")
        with pytest.raises(PasswordTooPoorError):
            await access.create_user(tx, "siti", "operator", "elevenchars")
        with pytest.raises(DeskError, match="agency is no role"):
            await access.create_token(tx, "x", "agency")
        for name in ("", " a", "a\nb", "a" * 65):
            with pytest.raises(UnfitNameError):
                await access.create_user(tx, name, "operator", PASSWORD)


async def test_pages_carry_a_strict_policy(app: FastAPI, client: Client) -> None:
    for path in ("/masuk", "/static/icon.svg", "/healthz", "/nowhere"):
        answer = await client.get(path)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (await client.get("/static/..%2Fdesk.py")).status_code == 404
    page = (await client.get("/masuk")).text
    assert "<script" not in page
    assert "style=" not in page
    assert 'lang="id"' in page
    assert "https://" in page  # on an address where no browser keeps the cookie, the page says why
