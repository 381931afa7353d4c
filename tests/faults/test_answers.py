"""An agency says the same a hundred times at once, by HTTP to two processes that serve pages: it is one answer."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from routing.signing import sign
from tests.acceptance.product import Product
from tests.acceptance.receiver import receiver
from tests.faults.ledgers import asked, audit_rows
from tests.faults.owed import enrol, sent
from tests.waiting import until

pytestmark = pytest.mark.real
TIMES, AT_ONCE = 100, 20
BODY, KEY = b'{"answer": "accepted", "by": "Regu 1"}', "msg-1"


def is_alive(web: Product) -> bool:
    """Tell whether it serves pages."""
    try:
        return httpx2.get(f"http://127.0.0.1:{web.port}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)  # on SQLite one process is all there is
def test_a_hundred_equal_answers_to_two_processes(database_url: str, tmp_path: Path) -> None:
    """One transition, one row of the record, a hundred times 200."""
    with (
        receiver() as agency,
        Product(database_url, tmp_path / "one", {}, "web") as one,
        Product(database_url, tmp_path / "other", {}, "web") as other,
        httpx2.Client(timeout=60, trust_env=False) as client,
    ):
        for web in (one, other):
            web.start(ready=False)
        until(lambda: is_alive(one) and is_alive(other), "both serve pages", 60)
        enrol(one, {"damkar": agency})
        [dispatch] = sent(one, ["damkar"])
        at = int(time.time())
        headers = {"content-type": "application/json", "webhook-id": KEY, "webhook-timestamp": str(at)}
        headers["webhook-signature"] = sign([agency.secret], KEY, at, BODY)

        def say(number: int) -> tuple[int, bool | None]:
            port = (one, other)[number % 2].port
            url = f"http://127.0.0.1:{port}/agency/v1/dispatches/{dispatch}/answers"
            answer = client.post(url, content=BODY, headers=headers)
            return answer.status_code, answer.json().get("applied")

        with ThreadPoolExecutor(AT_ONCE) as many:
            said = Counter(many.map(say, range(TIMES)))
        assert said == {(200, True): TIMES}
        assert asked(database_url, "SELECT answer, via, applied FROM answers") == [("accepted", "signed", True)]
        assert asked(database_url, "SELECT state FROM dispatches") == [("accepted",)]
        assert Counter(audit_rows(database_url))["dispatch.accepted", dispatch] == 1
