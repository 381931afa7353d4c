"""`kill -9` of whoever delivers, again and again, while envelopes are in flight: nothing lost, nothing recorded twice.

A failure prints its seed; INTAKE112_SEED runs it again.
"""

import os
import secrets
import threading
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import httpx2
import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver, receiver
from tests.faults.clock import Wrong
from tests.faults.owed import LEASE_S, enrol, outbox, pending, sent
from tests.faults.wire import lasts
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]
PROVE = bool(os.environ.get("INTAKE112_PROVE"))
ENVELOPES, KILLS, WORKERS = (3000, 25, 4) if PROVE else (60, 3, 2)
CODES = ("damkar", "bpbd", "pln")
LONGEST_DELAY_S = 0.01  # from a request's arrival to the kill: before, while, or after it is saved


class Desk:
    """An operator who sends report after report to all agencies; what was answered 201 is promised."""

    def __init__(self, web: Product, count: int) -> None:
        self.promised: list[str] = []
        self._web, self._count = web, count
        self._thread = threading.Thread(target=self._work, name="desk")

    def _work(self) -> None:
        while len(self.promised) < self._count:
            try:
                self.promised += sent(self._web, CODES)
            except (httpx2.TransportError, AssertionError):
                lasts(0.05)  # it is down, or says 503: nothing was promised

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Send, and at the end wait for the last one."""
        self._thread.start()
        try:
            yield
        finally:
            self._thread.join()


@contextmanager
def in_flight(receivers: Collection[Receiver]) -> Iterator[None]:
    """Wait until an envelope was received, and answer none until the end of the block."""
    for one in receivers:
        one.gate.clear()
    before = sum(len(one.ids) for one in receivers)
    until(lambda: sum(len(one.ids) for one in receivers) > before, "one is in flight", 120)
    yield
    for one in receivers:
        one.gate.set()


def test_killed_while_envelopes_are_in_flight(database_url: str, tmp_path: Path) -> None:
    seed = os.environ.get("INTAKE112_SEED") or (secrets.token_hex(4) if PROVE else "112")
    print(f"INTAKE112_SEED={seed}")  # noqa: T201  # pytest shows it with the failure
    random = Random(seed)  # noqa: S311  # no secret
    one_process = database_url.startswith("sqlite")
    with ExitStack() as stack:
        clock = stack.enter_context(Wrong(tmp_path / "clock", ahead=0))
        settings = {"INTAKE112_TEST_CLOCK": str(clock.file)}

        def product(name: str, room: str) -> Product:
            return stack.enter_context(Product(database_url, tmp_path / name, settings, room=room))

        receivers = {code: stack.enter_context(receiver()) for code in CODES}
        web = product("web", "run" if one_process else "web")
        workers = [web] if one_process else [product(f"routing-{n}", "routing") for n in range(WORKERS)]
        for worker in workers:
            worker.start(ready=False)
        if not one_process:
            web.start(ready=False)
        web.until_ready(60)
        enrol(web, receivers)
        web.get("/state")  # makes the client, whose token a process must be there for
        desk = Desk(web, ENVELOPES)
        moments = sorted(random.sample(range(ENVELOPES // 20, ENVELOPES * 3 // 4), KILLS - len(workers)))
        with desk.at_work():
            with in_flight(receivers.values()):  # of whichever worker: all are killed
                for worker in workers:
                    worker.kill()
            for worker in workers:
                worker.start(ready=False)
            for moment in moments:
                until(lambda: sum(len(one.ids) for one in receivers.values()) >= moment, "more came", 120)  # noqa: B023
                lasts(random.uniform(0, LONGEST_DELAY_S))
                killed = random.choice(workers)
                killed.kill()
                killed.start(ready=False)
        until(lambda: not pending(database_url, unclaimed=True), "only the claims of the dead are left", 120)
        clock.ahead += LEASE_S + 1
        until(lambda: not pending(database_url), "all are delivered", 120)
        web.until_ready(60)
        web.command("audit", "verify")
        end = outbox(database_url, list(receivers.values()))
    told = end.kept(desk.promised)
    who = "the one process on SQLite" if one_process else f"{WORKERS} routing processes on PostgreSQL"
    print(  # noqa: T201  # for docs/proof.md
        f"figure: {KILLS} x `kill -9` of {who}: {told}; {end.cut_off} tries cut off, {end.again} received again"
    )
    assert len(end.envelopes) >= ENVELOPES
    assert end.cut_off, "a try that was in flight was cut off"
