"""A pretend agency: takes what is signed, once; its people answer the centre."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from exercise.agency import PretendAgency
from exercise.temperaments import GOES
from routing import answers
from routing.signing import make_secret, sign
from tests.exercise.clients import Time

SECRET = make_secret(b"s" * 32)
Json = dict[str, Any]


@dataclass
class Centre:
    """What stands behind `answer_url`: says `statuses` one by one, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[str, Json]] = field(default_factory=list)


@pytest.fixture
def centre() -> Iterator[Centre]:
    it = Centre()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert answers.parse(body) is not None
            it.got.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(it.statuses.pop(0) if it.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_address[1]}/agency/v1/dispatches/d1/answers"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def damkar() -> AsyncIterator[PretendAgency]:
    time = Time()
    agency = PretendAgency("damkar", "Damkar", time, temperament=GOES, pause=time.pause)
    async with agency.serving():
        yield agency


async def post(agency: PretendAgency, body: Json, *, secret: str = SECRET, envelope: str = "e1") -> httpx2.Response:
    raw, at = json.dumps(body).encode(), int(Time().now.timestamp())
    headers = {
        "webhook-id": envelope,
        "webhook-timestamp": str(at),
        "webhook-signature": sign([secret], envelope, at, raw),
    }
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await client.post(agency.url, content=raw, headers=headers)


def created(url: str, dispatch: str = "d1") -> Json:
    return {
        "type": "dispatch.created",
        "timestamp": "2026-03-14T01:59:26Z",
        "data": {"dispatch": {"id": dispatch, "answer_url": url, "sequence": 1}, "report": {"number": "1"}},
    }


async def test_what_is_signed_is_kept_once_and_answered_step_by_step(damkar: PretendAgency, centre: Centre) -> None:
    damkar.enrol(SECRET, "token-of-damkar")
    for _ in range(2):
        assert (await post(damkar, created(centre.url))).status_code == 204
    said = await damkar.answered(len(GOES.steps))
    assert damkar.envelopes == [created(centre.url)]
    assert [one["answer"] for one in said] == ["accepted", "en_route", "on_scene", "resolved"]
    assert [one["sequence"] for one in said] == [1, 2, 3, 4]
    assert centre.got == [("Bearer token-of-damkar", one) for one in said]


async def test_what_is_not_signed_with_its_secret_is_refused(damkar: PretendAgency, centre: Centre) -> None:
    assert (await post(damkar, created(centre.url))).status_code == 401
    damkar.enrol(SECRET, "t")
    assert (await post(damkar, created(centre.url), secret=make_secret(b"x" * 32))).status_code == 401
    async with httpx2.AsyncClient(trust_env=False) as client:
        assert (await client.post(damkar.url, content=b"{}")).status_code == 401
    assert (damkar.envelopes, damkar.refused) == ([], 3)


async def test_a_centre_that_is_away_for_a_moment_is_asked_again(damkar: PretendAgency, centre: Centre) -> None:
    damkar.enrol(SECRET, "t")
    centre.statuses = [503, 500]
    await post(damkar, created(centre.url))
    await damkar.answered(4)
    assert len(centre.got) == 6


async def test_a_centre_that_says_no_is_not_asked_again(damkar: PretendAgency, centre: Centre) -> None:
    damkar.enrol(SECRET, "t")
    centre.statuses = [404]
    await post(damkar, created(centre.url))
    await post(damkar, created(centre.url, "d2"), envelope="e2")
    await damkar.answered(4)
    assert len(centre.got) == 5
    assert damkar.failed == ["accepted: AnswerRefusedError('404 ')"]


async def test_nobody_goes_on_with_what_was_cancelled(centre: Centre) -> None:
    time, go = Time(), asyncio.Event()

    async def pause(seconds: float) -> None:
        await go.wait()

    agency = PretendAgency("bpbd", "BPBD", time, temperament=GOES, pause=pause)
    async with agency.serving():
        agency.enrol(SECRET, "t")
        await post(agency, created(centre.url))
        await post(agency, created(centre.url) | {"type": "dispatch.cancelled"}, envelope="e2")
        await post(agency, created(centre.url, "d2"), envelope="e3")
        go.set()
        await agency.answered(len(GOES.steps))
        assert len(await agency.received(3)) == 3
    assert len(centre.got) == len(GOES.steps)


async def test_the_end_does_not_wait_for_answers_that_are_owed() -> None:
    async def never(seconds: float) -> None:
        await asyncio.Event().wait()

    agency = PretendAgency("pln", "PLN", Time(), temperament=GOES, pause=never)
    async with asyncio.timeout(5), agency.serving():
        agency.enrol(SECRET, "t")
        await post(agency, created("http://127.0.0.1:9/"))
        await agency.received(1)
    assert agency.answers == []


async def test_an_error_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(LookupError, match="as it is"):
        async with PretendAgency("pln", "PLN", Time()).serving():
            raise LookupError("as it is")
