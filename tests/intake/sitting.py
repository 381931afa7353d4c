"""People who sit at telephones, and what a bridge tells of them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from db import controls, machine_room, people
from db.controls import ControlRow
from db.engine import Database
from intake.access import COOKIE
from intake.attendance import Attendance
from intake.facts import Arrived, CallKey, Ended, LegEnded, Member, MemberIs, Rang, Taken, Told
from intake.shifts import ShiftRules
from routing.outbox import token_hash
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, book

OP1, OP2 = "PJSIP/op1", "PJSIP/op2"


@dataclass
class Person:
    """Somebody who is logged in, in a browser."""

    client: Client
    name: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Hold the session."""
        self.headers = {"Cookie": f"{COOKIE}=session of {self.name}"}

    async def post(self, path: str, body: Json | None = None) -> tuple[int, Json]:
        """POST to the API; return the status and what was said."""
        answer = await self.client.post(f"/api/v1{path}", json=body or {}, headers=self.headers)
        return answer.status_code, dict(answer.json())

    async def start(self, device: str = OP1) -> Json:
        """Begin a shift."""
        status, said = await self.post("/shift", {"device": device})
        assert status == 201, said
        return said

    async def wish(self, state: str, reason: str | None = None) -> Json:
        """Ask to be ready, or for a break."""
        status, said = await self.post("/shift/state", {"state": state, "reason": reason})
        assert status == 200, said
        return said

    async def desks(self) -> list[Json]:
        """Return all desks."""
        answer = await self.client.get("/api/v1/desks", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["desks"])

    async def desk(self, device: str = OP1) -> Json:
        """Return the one desk at a telephone."""
        (found,) = [one for one in await self.desks() if one["device"] == device]
        return dict(found)


async def person(client: Client, database: Database, name: str, role: str = "operator", hours: float = 12) -> Person:
    """Let somebody be logged in."""
    async with database.transaction() as tx:
        await people.add_user(tx, name, role, "no hash")
        await people.add_session(tx, name, token_hash(f"session of {name}"), tx.now + timedelta(hours=hours))
    return Person(client, name)


async def machines(database: Database, *, ear: str = "connected", hand: str = "connected") -> None:
    """Say how the bridge's ear and hand are."""
    async with database.transaction() as tx:
        await machine_room.beat(tx, "bridge:pbx-1:0a1b2c3d", ear, "")
        await machine_room.beat(tx, "control:pbx-1:0a1b2c3d", hand, "")


async def later(database: Database, clock: SetClock, **by: float) -> None:
    """Let time go by, while the bridge is well."""
    clock.forward(**by)
    await machines(database)


async def at_pbx(
    database: Database,
    state: Literal["ready", "paused", "unplugged"],
    device: str = OP1,
    reason: str = "",
    membership: str = "dynamic",
) -> None:
    """Let the PBX say what it does with a telephone, now."""
    member = Member("112", device, device, "op", membership, state == "paused", reason, state != "unplugged")
    await book(database, MemberIs("pbx-1", database.clock(), member))


async def asked(database: Database) -> list[ControlRow]:
    """Return what the PBX is still to be asked, and let it be asked: the next time only what came since."""
    async with database.transaction() as tx:
        rows = await controls.unfinished(tx, "pbx-1")
        for row in rows:
            await controls.end(tx, row.id, "done", "done", "")
    return rows


async def broke_off(database: Database, result: str) -> None:
    """Let what the PBX is still to be asked end without anybody having done it, or knowing."""
    async with database.transaction() as tx:
        for row in await controls.unfinished(tx, "pbx-1"):
            await controls.end(tx, row.id, "failed", result, "")


async def tend(database: Database, rules: ShiftRules | None = None) -> None:
    """Let what time does happen, as the bridge's process does every second."""
    await Attendance(database, rules or ShiftRules()).look()


def call(database: Database, n: int = 1, device: str = OP1) -> tuple[list[Told], list[Told]]:
    """Return the facts of a call that is answered now, and of its end a minute later."""
    key, now = CallKey("pbx-1", f"c.{n}"), database.clock()
    phone = f"p.{n}"
    answered: list[Told] = [
        Arrived(key, now - timedelta(seconds=5), f"c.{n}", "trunk", "112", "+6281200000001", None),
        Rang(key, now - timedelta(seconds=2), phone, device, "op"),
        Taken(key, now, phone, device, "op"),
    ]
    later = now + timedelta(minutes=1)
    return answered, [LegEnded(key, later, phone, "16"), Ended(key, later, "answered", "16")]
