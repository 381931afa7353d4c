"""Each temperament of a pretend agency, on real sockets, by the real lanes: what the centre then sees."""

import asyncio
import contextlib
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from db.engine import Database
from exercise.agency import PretendAgency
from exercise.temperaments import SLOW_LORIS, TEMPERAMENTS, Door
from tests.conftest import START, SetClock
from tests.routing import cases
from tests.routing.centre import centre
from tests.routing.running import hasty, look, quick, until

SEEN = {  # the dispatch's state, the log of answers, what stands in the report a minute after the dispatch
    "goes": ("resolved", "accepted1+ en_route2+ on_scene3+ resolved4+", ""),
    "prompt": ("accepted", "accepted1+", ""),
    "just-in-time": ("accepted", "accepted1+", ""),
    "late": ("en_route", "accepted1+ en_route2+", "Damkar belum menerima dalam 60 dtk"),
    "silent": ("delivered", "", "Damkar belum menerima dalam 60 dtk"),
    "rejects": ("rejected", "rejected1+", "Damkar menolak dan tidak ada instansi berikutnya"),
    "twice": ("en_route", "accepted1+ accepted1- en_route2+", ""),
    "out-of-order": ("en_route", "en_route2+ accepted1-", ""),
    "wrongly-signed": ("delivered", "", "Damkar belum menerima dalam 60 dtk"),
    "down": ("queued", "", "Damkar belum menerima dalam 60 dtk"),
    "slow-loris": ("sent", "", "Damkar belum menerima dalam 60 dtk"),
}


def test_each_has_its_row() -> None:
    assert set(SEEN) == set(TEMPERAMENTS)


@pytest.mark.parametrize("database_kind", ["sqlite"])  # SQL has tests of its own
@pytest.mark.parametrize("name", SEEN)
async def test_what_the_centre_sees(name: str, database: Database, clock: SetClock) -> None:
    state, log, told = SEEN[name]
    temperament = TEMPERAMENTS[name]
    drips = temperament.door is Door.DRIPS

    async def pause(seconds: float) -> None:
        if drips:
            await asyncio.sleep(0.02)  # between two drops
            return
        await at.still()  # time goes on when the centre has noted what happened before
        clock.forward(seconds=seconds)
        await at.look_at_deadlines()

    damkar = PretendAgency("damkar", "Damkar", clock, temperament=temperament, pause=pause)
    async with damkar.serving(), centre(database, hasty if drips else quick) as at:
        new = await cases.add_agency(database, "damkar", damkar.url, damkar.allow_cidr[0])
        damkar.enrol(new.secret, new.token)
        row = await at.dispatch("damkar")

        async def over() -> bool:
            tried = (await look(database, row.id))[2]
            return bool(tried) and len((await at.answers()).split()) >= len(log.split())

        await until(over)
        if temperament.wrong_token:
            [why] = await damkar.refused_by_the_centre(1)
            assert "401" in why
        await at.still()
        clock.now = max(clock.now, row.accept_by)
        await at.look_at_deadlines()
        found, envelope, tries = await look(database, row.id)
        assert (found.state, await at.answers()) == (state, log)
        by_their_clock = [said["sequence"] for said in sorted(damkar.answers, key=lambda said: str(said["at"]))]
        assert by_their_clock == sorted(by_their_clock)  # whatever the order in which they came
        marks = [text for text in await at.entries() if "menerima dalam" in text or "menolak dan" in text]
        assert len(marks) == bool(told)
        assert told in "".join(marks)
        heard = temperament.door is Door.OPEN
        assert (envelope.state, len(damkar.envelopes)) == (("delivered", 1) if heard else ("pending", 0))
        assert (
            tries[0].outcome == {Door.OPEN: "status_204", Door.SHUT: "refused", Door.DRIPS: "timeout"}[temperament.door]
        )
        assert found.accepted_at is None or found.accepted_at > START


@pytest.mark.parametrize("turns", range(4))
async def test_one_that_drips_leaves_nobody_hanging_who_came_as_it_left(turns: int, clock: SetClock) -> None:
    went_wrong: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: went_wrong.append(context))
    agency = PretendAgency("damkar", "Damkar", clock, temperament=SLOW_LORIS)
    with socket.socket() as caller:
        async with agency.serving():
            await asyncio.sleep(0)  # it hears
            caller.connect((urlsplit(agency.url).hostname, urlsplit(agency.url).port))
            for _ in range(turns):
                await asyncio.sleep(0)
        caller.settimeout(1)
        with contextlib.suppress(ConnectionError):  # who came too late is refused
            while caller.recv(64):
                """What it dripped before it left."""
    assert went_wrong == []
