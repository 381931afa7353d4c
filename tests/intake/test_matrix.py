"""The authorisation matrix: every route, for every role, by token and by session, of its own and of others'.

It is made from the routes: one without a line in `access_rules` fails. What a role may not do is refused before
anything else of the request is looked at; what it may do is answered by the route, whatever that says.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from db.engine import Database
from intake import access, walls
from intake.api.app import create_app
from tests.intake.access_rules import ANYONE, RULES, STAFF
from tests.intake.conftest import PUBLIC_URL, WIB, Client, add_agency, ring
from tests.intake.test_access_api import OURS, PASSWORD

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])  # who may do what asks no SQL of its own
TOKENS = ("operator", "supervisor", "admin", "machine")
NEVER = "00000000-0000-7000-8000-000000000000"
OWN_WORDS = {
    "GET /readyz": 503,  # nothing runs here
    "POST /masuk": 401,  # no name and no password
    "GET /api/v1/shift": 403,  # a token is no person, and has no shift
    "POST /api/v1/shift/end": 403,
}
OTHER = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The application; its stream of events ends at once."""
    stop = asyncio.Event()
    stop.set()
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, stop=stop)


def routes(app: FastAPI) -> dict[str, APIRoute]:
    """Return every route by its method and path."""
    routers: list[APIRouter] = app.state.routers
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    assert len(found) == sum(len(router.routes) for router in routers), "another kind of route: rule it, too"
    own = [route for route in app.routes if route not in found]
    assert [getattr(route, "path", "") for route in own] == ["/openapi.json"], "a route beside the routers"
    return {f"{method} {route.path}": route for route in found for method in route.methods or ()}


@dataclass(frozen=True)
class Centre:
    """A centre at work: what a path's parameters may be, and the headers of each role."""

    names: Mapping[str, str]
    roles: Mapping[str, Mapping[str, str]]

    def path(self, route: APIRoute, **other: str) -> str:
        """Return a route's path with what there is in this centre."""
        path = route.path.replace(":path}", "}").replace(":int}", "}")
        return path.format_map(dict(self.names) | other)


@pytest.fixture
async def centre(client: Client, database: Database) -> Centre:
    """Two agencies with a dispatch each, and everyone who may speak."""
    token = await add_agency(database, "damkar", "kebakaran")
    await add_agency(database, "bpbd", "banjir")
    async with database.transaction() as tx:
        tokens = {role: await access.create_token(tx, f"{role}-1", role) for role in TOKENS} | {"agency": token}
        tokens["wall"] = (await walls.make(tx, "lobby", "person-admin", PUBLIC_URL))[1].partition("#")[2]
        for role in sorted(STAFF):
            await access.create_user(tx, f"person-{role}", role, PASSWORD)
    roles: dict[str, dict[str, str]] = {role: {"Authorization": f"Bearer {one}"} for role, one in tokens.items()}
    roles["nobody"] = {}
    number = await ring(database, database.clock())
    dispatched: dict[str, str] = {}
    for agency in ("damkar", "bpbd"):
        sent = await client.post(
            f"/api/v1/reports/{number}/dispatches", json={"agencies": [agency]}, headers=roles["operator"]
        )
        dispatched[agency] = sent.json()["dispatches"][0]["id"]
    names = {"dispatch_id": dispatched["damkar"], "theirs": dispatched["bpbd"]}
    names |= {"number": number, "entry_id": NEVER, "control_id": NEVER, "code": "damkar", "version": "1"}
    names |= {"queue": "112", "token": "x" * 43, "name": "person-operator", "session_id": "0" * 16}
    names |= dict.fromkeys(("item_id", "link_id", "strike_id", "pilot_id", "handover_id", "shift_id"), NEVER)
    return Centre(names, roles)


async def log_in(client: Client, name: str) -> str:
    """Return the cookie of a session."""
    said = await client.post("/masuk", data={"username": name, "password": PASSWORD})
    assert said.status_code == 303
    client.cookies.clear()
    return str(said.headers["Set-Cookie"].partition(";")[0])


def test_every_route_has_a_rule_and_every_rule_a_route(app: FastAPI) -> None:
    there = set(routes(app))
    assert (there - RULES.keys(), RULES.keys() - there) == (set(), set())
    app.state.routers[0].add_api_route("/new", lambda: None)
    assert set(routes(app)) - set(RULES) == {"GET /api/v1/new"}, "a new route would be seen"


async def test_the_whole_matrix_by_token(app: FastAPI, client: Client, centre: Centre) -> None:
    wrong: list[object] = []
    for name, route in routes(app).items():
        for role, headers in centre.roles.items():
            with capture_logs() as logs:
                answer = await client.request(name.partition(" ")[0], centre.path(route), headers=headers)
            status = answer.status_code
            if role in RULES[name]:
                good = (status not in (401, 403) and status < 500) or OWN_WORDS.get(name) == status
            elif role == "nobody":
                good = (status, answer.json()["error"]) == (401, "not_logged_in")
            else:
                told = [one for one in logs if one["event"] == "not_allowed" and one["role"] == role]
                good = (status, answer.json()["error"]) == (403, "not_allowed") and bool(told)
            if not good:
                wrong.append((name, role, status, answer.text[:200]))
    assert wrong == []


async def test_the_whole_matrix_by_session(app: FastAPI, client: Client, centre: Centre) -> None:
    """A session is worth its role, on writes only from our own pages, and nothing once it has ended."""
    wrong: list[object] = []
    cookies = {role: await log_in(client, f"person-{role}") for role in sorted(STAFF)}
    guarded = {name: route for name, route in routes(app).items() if RULES[name] is not ANYONE}
    for name, route in guarded.items():
        method, path = name.partition(" ")[0], centre.path(route, name="person-nobody")
        is_agencys = "agency" in RULES[name]
        for role, cookie in cookies.items():
            ours = await client.request(method, path, headers={"Cookie": cookie, **OURS})
            refused = 401 if is_agencys else 403 if role not in RULES[name] else None
            if (ours.status_code if ours.status_code in (401, 403) else None) != refused:
                wrong.append((name, role, ours.status_code))
            foreign = await client.request(method, path, headers={"Cookie": cookie, **OTHER})
            if method != "GET" and not is_agencys and foreign.status_code != 403:
                wrong.append((name, role, "foreign", foreign.status_code))
    for cookie in cookies.values():
        await client.post("/keluar", headers={"Cookie": cookie, **OURS})
    for name, route in guarded.items():
        for role, cookie in cookies.items():
            path = centre.path(route)
            old = await client.request(name.partition(" ")[0], path, headers={"Cookie": cookie, **OURS})
            if old.status_code != 401:
                wrong.append((name, role, "stolen old cookie", old.status_code))
    assert wrong == []


async def test_what_is_an_agencys_is_unknown_to_another(app: FastAPI, client: Client, centre: Centre) -> None:
    """Every route of agencies that names a thing: another's is answered, byte for byte, like one that is not there."""
    headers = centre.roles["agency"]
    tried = 0
    for name, route in routes(app).items():
        if RULES[name] is ANYONE or "agency" not in RULES[name] or "{" not in route.path:
            continue
        tried += 1
        answers = []
        for dispatch_id in (centre.names["theirs"], NEVER):
            with capture_logs() as logs:
                path = centre.path(route, dispatch_id=dispatch_id)
                answers.append(
                    await client.request(name.partition(" ")[0], path, json={"answer": "accepted"}, headers=headers)
                )
            told = [one for one in logs if one["event"] == "unknown_dispatch"]
            assert [(one["agency"], one["dispatch"]) for one in told] == [("damkar", dispatch_id)]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
    assert tried, "there is such a route"


async def test_a_machine_has_its_own_source_and_no_other(client: Client, centre: Centre) -> None:
    machine = centre.roles["machine"]
    made = await client.post("/api/v1/reports", json={"source": "machine-1", "external_id": "7"}, headers=machine)
    assert made.status_code == 201
    assert made.json()["entries"][0]["author"] == "machine-1"
    own = await client.get(f"/api/v1/reports/{made.json()['number']}", headers=machine)
    assert own.status_code == 200
    pretended = await client.post("/api/v1/reports", json={"source": "silapor", "external_id": "7"}, headers=machine)
    assert (pretended.status_code, pretended.json()["error"]) == (403, "other_source")
    others = [
        await client.get(f"/api/v1/reports/{n}", headers=machine) for n in (centre.names["number"], "112-20260314-9999")
    ]
    assert {answer.status_code for answer in others} == {404}
    assert len({answer.content for answer in others}) == 1
