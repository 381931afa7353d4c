"""Receivers that misbehave in every way at once, and two honest ones beside them: real processes on both databases."""

import os
from pathlib import Path

import pytest

from db import agencies
from db.engine import Database
from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.faults.clock import Wrong
from tests.faults.ledgers import Difference, asked, compare_audit
from tests.faults.misbehaving import ENDLESS, HONEST, REDIRECTS, TIMES, TLS, Misbehaving, misbehaving
from tests.faults.owed import outbox, pending, sent
from tests.routing import cases
from tests.waiting import until

PROVE = bool(os.environ.get("INTAKE112_PROVE"))
LONGEST_WAIT_S = 1200  # of an envelope between two tries
FIRST = {  # how the first try of each ends that is not let go; all other agencies' is `status_200`
    "never-answers": "timeout",
    "slow-loris-header": "timeout",
    "resets": "reset",
    "closes": "disconnected",
    "1-mb-header-of-503": "status_503",
    "another-protocol": "protocol",
    "gone": "status_410",
    "for-a-day": "status_429",
    REDIRECTS: "status_307",
    TLS: "tls_untrusted",
    **dict.fromkeys(HONEST, "status_204"),
}


@pytest.mark.real
def test_every_misbehaviour_at_once_loses_nothing_and_delays_nobody(database_url: str, tmp_path: Path) -> None:
    """Who hangs is let go once the others are served; in the proof run only the deadline ends those tries."""
    with (
        misbehaving() as agencies_,
        Wrong(tmp_path / "clock", ahead=0) as clock,
        Product(database_url, tmp_path / "state", {"INTAKE112_TEST_CLOCK": str(clock.file)}) as product,
    ):
        product.start(ready=False)
        product.until_ready(60)
        product.beside(lambda database: enrolled(database, agencies_.urls))
        promised = [one for _ in range(TIMES) for one in sent(product, list(agencies_.urls))]
        until(lambda: served(agencies_) == TIMES * len(HONEST), "the honest ones are served while others hang", 30)
        assert pending(database_url) > pending(database_url, unclaimed=True), "some do hang"
        if not PROVE:
            agencies_.release()
        until(lambda: not untried(database_url), "every first try has ended", 60)
        ended = firsts(database_url)
        if not PROVE:
            ended |= {code: FIRST.get(code, "status_200") for code in ENDLESS}
        assert ended == {code: FIRST.get(code, "status_200") for code in agencies_.urls}
        product.beside(lambda database: moved(database, TLS, agencies_.urls[HONEST[0]]))
        clock.ahead += LONGEST_WAIT_S
        until(lambda: not pending(database_url), "all is delivered", 60)
        got, elsewhere = agencies_.got()
        difference = Difference()
        compare_audit(product, product.reports(), difference)
    assert elsewhere == 0, "a redirect was followed"
    assert not difference, str(difference)
    receiver = Receiver()
    for id, dispatch in (one for each in got.values() for one in each):
        receiver.ids.append(id)
        receiver.envelopes.append({"data": {"dispatch": {"id": dispatch}}})
    end = outbox(database_url, [receiver])
    told = end.kept(promised)
    assert end.cut_off == 0
    assert all(len(got[code]) == TIMES for code in HONEST[1:]), "an honest one had something twice"
    kind = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
    ways = len(got) - len(HONEST)
    print(  # noqa: T201  # for docs/proof.md
        f"figure: {ways} receivers, each misbehaves in its own way, on {kind}: {told}; {end.again} received again"
    )


async def enrolled(database: Database, urls: dict[str, str]) -> None:
    """Register them all."""
    for code, url in urls.items():
        await cases.add_agency(database, code, url, "127.0.0.0/8")


async def moved(database: Database, code: str, url: str) -> None:
    """Somebody corrects an agency's address."""
    async with database.transaction() as tx:
        agency = await agencies.find(tx, code)
        assert agency is not None
        await agencies.set_url(tx, agency.id, url)


def served(agencies_: Misbehaving) -> int:
    """Return how many requests the honest ones have had."""
    got, _ = agencies_.got()
    return sum(len(got[code]) for code in HONEST)


def untried(database_url: str) -> int:
    """Return how many envelopes have no try that has ended."""
    ended = "SELECT envelope_id FROM attempts"
    return int(asked(database_url, f"SELECT count(*) FROM envelopes WHERE id NOT IN ({ended})")[0][0])  # noqa: S608


def firsts(database_url: str) -> dict[str, str]:
    """Return how the first tries of each agency ended."""
    rows = asked(
        database_url,
        "SELECT DISTINCT agencies.code, attempts.outcome FROM attempts JOIN envelopes ON envelopes.id = envelope_id "
        "JOIN agencies ON agencies.id = agency_id WHERE try_number = 1 ORDER BY 1, 2",
    )
    found = {str(code): str(outcome) for code, outcome in rows}
    assert len(found) == len(rows) or not PROVE, rows
    return found
