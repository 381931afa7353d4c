"""A pretend Asterisk that says what a real one should not: storms, and bytes that no parser likes."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest

from exercise import tapes
from tests.acceptance.product import Product
from tests.faults.pretend import CLOCK, Pretend
from tests.faults.wire import Wire
from tests.waiting import until

PROVE = bool(os.environ.get("INTAKE112_PROVE"))
STORM_S = 60 if PROVE else 3
PER_SECOND = 2000
RING_EVERY_S = 0.2
GROWS_KB = 48 << 10  # the allocator's own, whatever the length of the storm: a list of all frames would be 30 MB more
STORY = "abandoned-in-queue"
STORM = b"Event: UserEvent\r\nUserEvent: Storm\r\nNumber: %d\r\nText: " + b"x" * 90
ODD = {
    "empty lines doubled": b"\r\n\r\n",
    "a line of 1 MB": b"Event: Odd\r\nLong: " + b"x" * (1 << 20) + b"\r\n\r\n",
    "a line that is larger than any frame": b"Event: Newchannel\r\nLong: " + b"x" * (3 << 20) + b"\r\n\r\n",
    "not UTF-8": b"Event: Hangup\r\nUniqueid: \xff\xfe\xc3(\r\nCause: \x80\r\n\r\n",
    "an event nobody knows": b"Event: FromTheFuture\r\nUniqueid: 1.1\r\nChannelState: 4\r\nContext: line-112\r\n\r\n",
    "no colon, no name": b"Event: Newchannel\r\nno colon here\r\n: no name\r\n\r\n",
    "a bare LF": b"Event: Odd\r\nText: a\nEvent: Newchannel\nUniqueid: forged-1\nContext: line-112\r\n\r\n",
    "an end that is short of a CR": b"Event: Odd\r\nText: a\r\n\n",
}


@pytest.fixture
def pretend() -> Iterator[Pretend]:
    """A pretend Asterisk."""
    with Pretend() as running:
        yield running


@pytest.fixture
def wire(pretend: Pretend) -> Iterator[Wire]:
    """The product's way to it."""
    with Wire(pretend.pbx.port) as made:
        yield made


@pytest.fixture
def product(pretend: Pretend, wire: Wire, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product."""
    with Product(database_url, tmp_path / "state", pretend.settings(wire.port)) as running:
        running.start()
        yield running


def quoted(name: bytes) -> bytes:
    """As the dialplan's URIENCODE() writes it."""
    return quote_from_bytes(name, safe="").encode()


def played(serial: int, *, speaks: bytes = b"") -> tuple[str, list[bytes]]:
    """Return the caller's uniqueid and the frames of one more call; the caller's name is `speaks`, any bytes."""
    story = tapes.load(STORY)
    frames = tapes.with_new_ids(story, 1000 + serial * story.width, CLOCK())
    if speaks:
        for known, new in ((story.callers[0][1], speaks), (quoted(story.callers[0][1]), quoted(speaks))):
            frames = [raw.replace(b"Name: " + known, b"Name: " + new) for raw in frames]
    ring = next(raw for raw in frames if raw.startswith(b"Event: Newchannel") and b"\r\nChannelState: 4\r\n" in raw)
    return ring.partition(b"\r\nUniqueid: ")[2].partition(b"\r\n")[0].decode(), frames


def test_odd_bytes_cost_no_ring_and_invent_none(pretend: Pretend, product: Product) -> None:
    rung = []
    for serial, odd in enumerate(ODD.values()):
        uniqueid, frames = played(serial)
        rung.append(uniqueid)
        pretend.say(odd + frames[0], *frames[1:])  # right in front of a ring
    reports = product.all_ended(len(ODD))
    assert sorted(report["call"]["uniqueid"] for report in reports) == sorted(rung)
    assert {report["call"]["outcome"] for report in reports} == {"abandoned"}


@pytest.mark.parametrize("piece", [1, 7])
def test_a_stream_in_small_pieces_is_the_same_stream(
    pretend: Pretend, wire: Wire, product: Product, piece: int
) -> None:
    wire.piece = piece  # an end of line, too, comes in two pieces
    uniqueid, frames = played(0, speaks=b"Jos\xe9 \xc3")
    pretend.say(*frames)
    (report,) = product.all_ended(1)
    assert (report["call"]["uniqueid"], report["call"]["outcome"]) == (uniqueid, "abandoned")
    assert report["caller"]["name"] == "José Ã"


@pytest.mark.timeout(300)
def test_a_storm_of_events_delays_no_ring(pretend: Pretend, wire: Wire, product: Product) -> None:
    rang: dict[str, float] = {}
    shown: dict[str, float] = {}
    over = threading.Event()

    async def storm() -> int:
        began, said, serial = time.monotonic(), 0, 0
        async with asyncio.TaskGroup() as calls:
            while (elapsed := time.monotonic() - began) < STORM_S:
                while said < elapsed * PER_SECOND:
                    said += 1
                    pretend.pbx.say(STORM % said)
                if elapsed >= serial * RING_EVERY_S:
                    uniqueid, frames = played(serial)
                    serial += 1
                    rang[uniqueid] = time.monotonic()
                    calls.create_task(call(frames))
                await asyncio.sleep(0.005)  # the storm's own pace
            for rest in range(said, int(PER_SECOND * STORM_S)):
                pretend.pbx.say(STORM % rest)
        return max(said, int(PER_SECOND * STORM_S))

    async def call(frames: list[bytes]) -> None:
        for raw in frames:
            pretend.pbx.say(raw)
            await asyncio.sleep(0.02)  # the caller's own pace

    def watch() -> None:
        while not over.wait(0.05):
            for report in product.get("/reports?limit=50")["reports"]:
                shown.setdefault(report["call"]["uniqueid"], time.monotonic())

    product.get("/reports?limit=50")
    before = product.memory_kb
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = pretend.do(storm(), within_s=STORM_S + 30)
        until(lambda: shown.keys() >= rang.keys(), "every ring is shown")
    finally:
        over.set()
        watcher.join()
    waits = sorted(shown[uniqueid] - rang[uniqueid] for uniqueid in rang)
    p99, grown = waits[int(len(waits) * 0.99)], product.memory_kb - before
    print(f"figure: storm of {said} events, {len(rang)} rings, p99 {p99:.2f} s, {grown} kB")  # noqa: T201  # for docs/proof.md
    assert p99 < 1
    assert grown < GROWS_KB
    assert wire.connections == 1
    reports = product.all_ended(len(rang))
    assert {report["call"]["uniqueid"] for report in reports} == rang.keys()
    assert {report["call"]["outcome"] for report in reports} == {"abandoned"}
