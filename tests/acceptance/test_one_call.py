"""One real call, end to end: a caller dials 112, hears an operator, and an agency has accepted the report over HTTP."""

from datetime import datetime

import httpx2
import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
SITI = Caller("+6281200000001", b"Siti Contoh")


def test_from_the_ring_to_the_agency_that_accepted(
    pbx: RealAsterisk, people: People, product: Product, agency: Receiver
) -> None:
    registered = product.command(
        *("agency", "add", "damkar", "--name", "Damkar", "--url", agency.url, "--allow-cidr", "127.0.0.0/8"),
    )
    words = dict(line.split(": ", 1) for line in registered.splitlines() if ": " in line)
    agency.secret = words["secret"]

    with pbx.stream() as witness:
        people.operator(1, answer_ms=300)
        people.operator(2)
        caller = people.call(SITI)
        witness.wait_event("AgentConnect")
    until(lambda: product.get("/calls")["calls"], "the call is shown")
    (shown,) = product.reports()
    number = shown["number"]
    talking = until(
        lambda: (seen := product.report(number))["call"]["stage"] == "talking" and seen, "the operator is shown"
    )
    assert talking["caller"] == {
        "number": "+6281200000001",
        "number_raw": "+6281200000001",
        "name": "Siti Contoh",
        "withheld": False,
    }
    assert talking["call"]["operator"]["device"] == "PJSIP/op1"
    assert talking["call"]["operator"]["member"] == "op1"
    assert 0.2 <= talking["call"]["waited_s"] <= 5

    product.post(f"/reports/{number}/entries", {"text": "Rumah terbakar, dua orang di dalam"})
    etag = product.http.get(f"/api/v1/reports/{number}").headers["ETag"]
    changed = product.http.patch(
        f"/api/v1/reports/{number}",
        json={"kind": "kebakaran", "location": {"text": "Desa Contoh, dekat pasar"}},
        headers={"If-Match": etag},
    )
    assert changed.status_code == 200, changed.text
    (dispatch,) = product.post(f"/reports/{number}/dispatches", {"agencies": ["damkar"]})["dispatches"]

    until(lambda: agency.envelopes, "the agency has it")
    envelope = agency.envelopes[0]
    assert agency.refused == []
    assert envelope["type"] == "dispatch.created"
    seen_by_agency = envelope["data"]["report"]
    assert seen_by_agency["number"] == number
    assert seen_by_agency["kind"] == "kebakaran"
    assert seen_by_agency["location"]["text"] == "Desa Contoh, dekat pasar"
    assert envelope["data"]["dispatch"]["id"] == dispatch["id"]

    accepted = httpx2.post(
        envelope["data"]["dispatch"]["answer_url"],
        json={"answer": "accepted", "by": "Regu 1", "at": "2026-03-14T02:00:00Z", "sequence": 1},
        headers={"Authorization": f"Bearer {words['token']}"},
        trust_env=False,
    )
    assert accepted.status_code == 200, accepted.text
    (told,) = product.report(number)["dispatches"]
    assert (told["agency"], told["state"]) == ("damkar", "accepted")
    assert told["delivered_at"] is not None
    assert told["accepted_at"] is not None

    caller.hang_up()
    caller.wait()
    (ended,) = product.all_ended(1)
    call = product.report(number)["call"]
    assert ended["call"]["outcome"] == "answered"
    assert call["stage"] == "ended"
    times = [datetime.fromisoformat(call[name]) for name in ("arrived_at", "queued_at", "answered_at", "ended_at")]
    assert times == sorted(times)
    assert {leg["device"] for leg in call["legs"] if leg["kind"] == "operator"} == {"PJSIP/op1", "PJSIP/op2"}
    assert all(leg["to"] for leg in call["legs"])
    assert len(product.reports()) == 1
    assert product.command("audit", "verify")
    assert product.stop() == 0
