"""Mixed calls under mixed faults, and at the end three ledgers that agree: lost 0, doubled 0, wrong outcome 0.

A failure prints its seed; INTAKE112_SEED runs it again.
"""

import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx2
import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.faults.crowd import Crowd
from tests.faults.ledgers import TYPE, agreed, read_cel
from tests.faults.store import Store
from tests.faults.wire import Wire, reached
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]
PROVE = bool(os.environ.get("INTAKE112_PROVE"))
CALLS = 1000 if PROVE else 40
BETWEEN_FAULTS = 8  # calls


@dataclass
class Stage:
    """Everything that can be broken."""

    pbx: RealAsterisk
    ami: Wire
    store: Store
    product: Product
    crowd: Crowd
    promised: list[str] = field(default_factory=list)
    rotations: Any = field(default_factory=count)

    def killed(self) -> None:
        """`kill -9` of the product while callers ring on; then it is started again."""
        self.product.kill()
        self.crowd.placed_more(4)
        self.product.start()

    def line_cut_in_a_frame(self) -> None:
        """The AMI session is reset behind a header that comes in the middle of a frame."""
        before = self.ami.connections
        self.ami.cut_in_a_frame(b"\r\nChannelStateDesc: ")
        reached(self.ami, before + 1, "the line is made again", within_s=20)

    def line_half_open(self) -> None:
        """The AMI session carries nothing more, and nobody says so."""
        before = self.ami.connections
        self.ami.go_dead()
        reached(self.ami, before + 1, "the dead line is noticed", within_s=15)

    def database_away(self) -> None:
        """Nothing can be written for a few calls."""
        self.store.take_away()
        self.crowd.placed_more(6)
        self.store.give_back()

    def frozen(self) -> None:
        """SIGSTOP, a few calls, SIGCONT."""
        self.product.freeze()
        self.crowd.placed_more(5)
        self.product.thaw()

    def cel_rotated(self) -> None:
        """Somebody's logrotate."""
        if self.pbx.cel_file.exists():
            self.pbx.cel_file.rename(self.pbx.cel_file.with_name(f"{self.pbx.cel_file.name}.{next(self.rotations)}"))
        self.pbx.cli("logger reload")

    def asterisk_restarted(self) -> None:
        """Calls are cut with a BYE; new ones come as soon as it is back."""
        self._has_lived()
        self.pbx.restart()

    def asterisk_killed(self) -> None:
        """`kill -9` of Asterisk, in calls: no BYE, no Shutdown, and CEL never says how they ended."""
        self._has_lived()
        until(lambda: self.crowd.channels >= 3 or self.crowd.done, "people are on the line")
        self.pbx.kill()
        self.crowd.give_up()
        self.pbx.start()

    def _has_lived(self) -> None:
        """Asterisk tells its age in whole seconds, and its ids begin anew with each start: two starts within one second
        cannot be told apart by anybody, and their calls may have the same ids."""
        until(lambda: int(self.pbx.cli("core show uptime seconds").split()[2]) >= 3, "this Asterisk has lived a while")

    def dispatch(self) -> None:
        """Send the newest report to the agency; what was answered 201 is a promise."""
        try:
            newest = self.product.get("/reports?limit=1")["reports"]
            for report in newest:
                path = f"/api/v1/reports/{report['number']}/dispatches"
                answer = self.product.http.post(path, json={"agencies": ["damkar"]})
                if answer.status_code == 201:
                    self.promised += [one["id"] for one in answer.json()["dispatches"]]
        except (httpx2.TransportError, AssertionError):
            pass  # it is down, or says 503: nothing was promised


def test_mixed_calls_with_a_fault_every_few_seconds(
    pbx: RealAsterisk, people: People, ami: Wire, store: Store, product: Product, agency: Receiver
) -> None:
    seed = os.environ.get("INTAKE112_SEED") or (secrets.token_hex(4) if PROVE else "112")
    print(f"INTAKE112_SEED={seed}")  # noqa: T201  # pytest shows it with the failure
    random = Random(seed)  # noqa: S311  # no secret
    url = ("--url", agency.url, "--allow-cidr", "127.0.0.0/8")
    registered = product.command("agency", "add", "damkar", "--name", "Damkar", *url)
    agency.secret = registered.partition("secret: ")[2].split()[0]

    crowd = Crowd(pbx, people, Random(random.random()), CALLS)  # noqa: S311
    stage = Stage(pbx, ami, store, product, crowd)
    faults: list[Callable[[], None]] = [
        *(stage.killed, stage.line_cut_in_a_frame, stage.database_away, stage.cel_rotated, stage.asterisk_killed),
    ]
    restart_at = random.randrange(2, 6)
    if PROVE:
        faults += [stage.line_half_open, stage.frozen]
    done: Counter[str] = Counter()
    crowd.begin()
    dispatching = _Every(stage.dispatch)
    while not crowd.done:
        if not sum(done.values()) % len(faults):
            random.shuffle(faults)
        fault = faults[sum(done.values()) % len(faults)]
        if PROVE and sum(done.values()) == restart_at:
            fault = stage.asterisk_restarted
        crowd.placed_more(BETWEEN_FAULTS if PROVE else 5)
        fault()
        done[fault.__name__] += 1
    crowd.end()
    product.until_ready()
    until(lambda: stage.promised, "a dispatch was promised")  # there may have been no moment for one
    dispatching.end()
    reports = agreed({"pbx-1": pbx}, product, stage.promised, agency, within_s=60)
    outcomes = Counter(str(report["call"]["outcome"]) for report in reports)
    cut = sum(report["call"]["hangup_cause"] == "pbx restarted" for report in reports)
    moved = moves(pbx)
    told = f"{words(outcomes)}, {cut} of them cut; {words(moved)}"
    told = f"{told}; faults: {words(done)}; {len(stage.promised)} dispatches"
    zero = "lost 0, doubled 0, wrong outcome 0"
    print(f"figure: mixed calls on {store.kind}, {zero}: {told}")  # noqa: T201  # for docs/proof.md
    assert len(reports) >= CALLS
    assert sum(done.values()) >= CALLS // 20
    assert stage.promised
    assert cut
    assert outcomes.keys() >= {"answered", "abandoned", *(["overflow"] if PROVE else [])}
    assert len(moved) == 2 or not PROVE


def moves(pbx: RealAsterisk) -> Counter[str]:
    """Return how often calls were passed on or picked up, as CEL says; that one was held does not stand there."""
    names = {"BLINDTRANSFER": "passed on", "PICKUP": "picked up"}
    files = pbx.cel_file.parent.glob(f"{pbx.cel_file.name}*")
    return Counter(names[row[TYPE]] for row in read_cel(files) if row[TYPE] in names)


def words(counted: Counter[str]) -> str:
    """Say how many of each."""
    return ", ".join(f"{times} {what}" for what, times in sorted(counted.items()))


class _Every:
    """Calls `work` every second until the end."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> None:
        """Stop, and wait for the last one."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(1):
            self._work()
