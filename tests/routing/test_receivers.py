"""The receivers of docs/agencies.md, as processes: the real lanes deliver to them, and their people answer."""

import asyncio
import json
from pathlib import Path

import pytest

from db.engine import Database
from intake112.agency_test import examine
from intake112.clock import SteadyClock
from intake112.findings import Verdict
from routing.examination import Question
from tests.conftest import SetClock
from tests.routing import cases
from tests.routing.centre import centre
from tests.routing.documented import documented
from tests.routing.running import look, tried

LANGUAGES = ["python", pytest.param("php", marks=pytest.mark.real)]
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])  # SQL has tests of its own


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_takes_once_what_is_signed_and_its_people_accept(
    language: str, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    clock.now = SteadyClock()()  # the receivers look at the machine's
    receiver = documented(language, tmp_path / "inbox.db")
    new = await cases.add_agency(database, "damkar", receiver.url, "127.0.0.0/8")
    with receiver.started(new.secret):
        async with centre(database) as at:
            row = await at.dispatch("damkar")
            row, envelope, _ = await tried(database, row.id)
            assert row.state == "delivered"
            assert receiver.rows() == [(envelope.id, row.id, envelope.body)]
            said = await asyncio.to_thread(receiver.answer, new.secret, new.token, "accepted", row.id, "Regu 1")
            assert json.loads(said)["applied"]
            row, *_ = await look(database, row.id)
            assert (row.state, row.answered_by) == ("accepted", "Regu 1")
        findings = {one.check: one async for one in examine(new.agency, clock, at.url)}
    assert {one.verdict for one in findings.values()} == {Verdict.OK}, [str(one) for one in findings.values()]
    for question in ("UNSIGNED", "MALFORMED", "STRANGER", "CHANGED", "OLD"):
        assert "refused (401 " in findings[Question[question].value].found
    ids = [id for id, *_ in receiver.rows()]
    assert len(ids) == len(set(ids)) == 1 + 4  # good (which came twice), two signatures, unknown type, cancellation


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_it_cannot_save_it_does_not_take(
    language: str, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    clock.now = SteadyClock()()
    receiver = documented(language, tmp_path / "no such folder" / "inbox.db")
    new = await cases.add_agency(database, "damkar", receiver.url, "127.0.0.0/8")
    with receiver.started(new.secret):
        async with centre(database) as at:
            row, envelope, _ = await tried(database, (await at.dispatch("damkar")).id)
    assert (row.state, envelope.state) == ("sent", "pending")
