"""The database is away for half an hour, in calls: all of them are there afterwards, with their true times.

Nobody waits: Asterisk, played from tapes, and the product read the same clock, which the test moves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exercise import tapes
from exercise.story import Story, headers
from intake112.clock import FileClock, SteadyClock
from tests.acceptance.product import Product
from tests.faults.clock import write
from tests.faults.pretend import Pretend
from tests.faults.store import Store
from tests.faults.test_bridge import until_taped
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
MINUTE = timedelta(minutes=1)
AWAY_MIN = 30
TOLD_WITHIN = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Told:
    """What the PBX said of one call, by its own clock."""

    uniqueid: str
    arrived: datetime
    ended: datetime
    cues: list[tuple[datetime, bytes]]  # every frame, and when it is said


def told(story: Story, serial: int, at: datetime, number: str) -> Told:
    """Return a call of another caller, which begins at `at`."""
    frames = tapes.with_new_ids(story, serial, at, number)
    seen = [dict(headers(raw)) for raw in frames]
    ring = next(one for one in seen if one[b"Event"] == b"Newchannel" and one[b"ChannelState"] == b"4")
    end = next(one for one in seen if one[b"Event"] == b"Hangup" and one[b"Uniqueid"] == ring[b"Uniqueid"])
    cues = [(at + cue.after, raw) for cue, raw in zip(story.cues, frames, strict=True)]
    return Told(ring[b"Uniqueid"].decode(), _moment(ring), _moment(end), cues)


def _moment(seen: dict[bytes, bytes]) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(seen[b"Timestamp"]))


@contextmanager
def taken_away(store: Store, server: PostgresServer | None) -> Iterator[None]:
    """PostgreSQL is stopped; SQLite's file is another's."""
    (store.take_away if server is None else server.stop)()
    try:
        yield
    finally:
        (store.give_back if server is None else server.go_on)()


@pytest.fixture
def own_server(request: pytest.FixtureRequest, database_kind: str) -> PostgresServer | None:
    """The PostgreSQL server that the database is on, or None."""
    if database_kind == "sqlite":
        return None
    server = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    return server


def test_away_for_half_an_hour(store: Store, own_server: PostgresServer | None, tmp_path: Path) -> None:
    began = SteadyClock()().replace(microsecond=0)
    file = tmp_path / "clock"
    write(file, began)
    waits_and_talks = tapes.load("answered").paced(waits=10 * MINUTE, talks=(AWAY_MIN - 5) * MINUTE)
    short = tapes.load("abandoned-in-queue")
    calls = [told(waits_and_talks, 1000, began, "+6281200000000")] + [
        told(short, 1000 + 100 * minute, began + minute * MINUTE, f"+62812000001{minute:02d}")
        for minute in range(1, AWAY_MIN + 1)
    ]
    with Pretend(FileClock(file)) as pretend:
        settings = pretend.settings() | {"INTAKE112_TEST_CLOCK": str(file)}
        with Product(store.url, tmp_path / "state", settings) as product:
            product.start()

            def say(first: datetime, last: datetime) -> None:
                """Let the PBX say what it says in this time, in its order; a tape has it before the next minute."""
                for at, raw in sorted((cue for call in calls for cue in call.cues), key=lambda cue: cue[0]):
                    if first <= at < last:
                        write(file, at)
                        pretend.say(raw)
                        if raw.startswith(b"Event: Hangup\r\n"):
                            until_taped(product, f"Uniqueid: {dict(headers(raw))[b'Uniqueid'].decode()}\r\n")

            say(began, began + MINUTE / 2)
            until(lambda: product.get("/calls")["calls"], "the first caller is shown")
            with taken_away(store, own_server):
                say(began + MINUTE / 2, began + (AWAY_MIN + 1) * MINUTE)
                refused = product.http.post(
                    "/api/v1/reports", json={"source": "walk-in", "narrative": "Pohon"}, timeout=30
                )
                assert refused.status_code == 503
            until(lambda: len(product.get("/calls")["calls"]) == 1, "the first caller talks still", 60)
            say(began + (AWAY_MIN + 1) * MINUTE, began + 60 * MINUTE)
            reports = {one["call"]["uniqueid"]: one["call"] for one in product.all_ended(AWAY_MIN + 1)}
            assert reports.keys() == {call.uniqueid for call in calls}, "each ring once, and nothing else"
            for call in calls:
                said = reports[call.uniqueid]
                assert abs(datetime.fromisoformat(said["arrived_at"]) - call.arrived) <= TOLD_WITHIN
                assert abs(datetime.fromisoformat(said["ended_at"]) - call.ended) <= TOLD_WITHIN
                assert said["recovered"] is False, "all was heard"
            outcomes = [reports[call.uniqueid]["outcome"] for call in calls]
            assert outcomes == ["answered"] + ["abandoned"] * AWAY_MIN
            talked = reports[calls[0].uniqueid]
            assert talked["waited_s"] == pytest.approx(600, abs=2)
            talked_for = datetime.fromisoformat(talked["ended_at"]) - datetime.fromisoformat(talked["answered_at"])
            assert talked_for >= (AWAY_MIN - 5) * MINUTE
            opened = [datetime.fromisoformat(report["opened_at"]) for report in product.reports()]
            assert opened == sorted(opened, reverse=True)
            assert product.command("audit", "verify")
