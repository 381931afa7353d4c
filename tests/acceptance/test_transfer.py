"""The desk passes a caller on, on a real Asterisk: whatever comes of it, the caller's call goes on.

One Asterisk and one product for the file, on each kind of database.
"""

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import nobody_is_left, one_centre
from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed, talked
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.handset import Handset
from tests.pbx.sipp import Caller, CallerProcess, People
from tests.pbx.stream import AmiStream
from tests.waiting import until

pytestmark = pytest.mark.real
SITI = Caller("+6281200000001")
AGENCY = "+62328600113"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def centre(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RealAsterisk, Product]]:
    """The Asterisk and the product of this file."""
    with one_centre(request, tmp_path_factory.mktemp("transfer")) as centre:
        yield centre


@pytest.fixture
def pbx(centre: tuple[RealAsterisk, Product]) -> RealAsterisk:
    """The Asterisk of this file."""
    return centre[0]


@pytest.fixture
def acting(centre: tuple[RealAsterisk, Product]) -> Product:
    """The product of this file, which may act on the PBX."""
    return centre[1]


@pytest.fixture
def people(pbx: RealAsterisk, acting: Product) -> Iterator[People]:
    """Callers and operators of one test, who leave nothing behind."""
    with People(pbx) as on_the_line:
        yield on_the_line
    nobody_is_left(pbx, acting)


def talk(pbx: RealAsterisk, people: People, product: Product) -> tuple[CallerProcess, Json]:
    """Let a caller talk to desk 1."""
    people.operator(1, answer_ms=100)
    call = people.call(SITI)
    talked(pbx, 1)
    (report,) = until(lambda: [one for one in product.get("/calls")["calls"] if one["call"]["operator"]], "it is seen")
    return call, report


def transfer(product: Product, report: Json, number: str = AGENCY, *, attended: bool = False) -> str:
    """Ask for a transfer, and return its result."""
    asked = product.post(f"/reports/{report['number']}/call/transfer", {"number": number, "attended": attended})
    return str(product.done(asked)["result"])


def consultation(product: Product, report: Json, step: str) -> str:
    """Go on with an attended transfer, and return the result."""
    return str(product.done(product.post(f"/reports/{report['number']}/call/consultation", {"step": step}))["result"])


def taken(product: Product, report: Json, kind: str, count: int = 1) -> None:
    """Wait until so many legs of a kind have been answered."""

    def look() -> bool:
        legs = product.report(report["number"])["call"]["legs"]
        return len([leg for leg in legs if leg["kind"] == kind and leg["taken"]]) >= count

    until(look, f"{count} {kind} has answered")


def hears(pbx: RealAsterisk, channels: int) -> None:
    """Wait until so many channels are in one bridge, and no other is up."""

    def look() -> bool:
        rows = [row.split("!") for row in pbx.cli("core show channels concise").splitlines()]
        bridges = {row[-2] for row in rows if not row[0].startswith("Local/")}
        return len([row for row in rows if not row[0].startswith("Local/")]) == channels and len(bridges) == 1

    until(look, f"{channels} talk to each other")


def told(product: Product, report: Json) -> list[str]:
    """What the report tells."""
    return [entry["text"] for entry in product.report(report["number"])["entries"]]


def over(pbx: RealAsterisk, product: Product, call: CallerProcess, report: Json, outcome: str = "answered") -> None:
    """The caller hangs up; the ledgers agree on all calls so far, and this one ended as it should."""
    call.hang_up()
    call.wait()
    (after,) = [one for one in agreed({"pbx-1": pbx}, product) if one["number"] == report["number"]]
    assert after["call"]["outcome"] == outcome
    until(lambda: pbx.cli("core show channels concise") == "", "nobody is on the line")


def test_a_blind_transfer_to_an_agency(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.carrier(answer_ms=200)
    call, report = talk(pbx, people, acting)
    assert transfer(acting, report) == "done"
    taken(acting, report, "agency")
    over(pbx, acting, call, report)
    assert any(text.startswith(f"Dialihkan ke {AGENCY} atas permintaan ") for text in told(acting, report))


@pytest.mark.parametrize("number", [AGENCY, "+62809123456"], ids=["busy", "a number that is not dialled"])
def test_a_blind_transfer_that_fails_brings_the_caller_back(
    pbx: RealAsterisk, people: People, acting: Product, number: str
) -> None:
    people.carrier(busy=True)
    call, report = talk(pbx, people, acting)
    assert transfer(acting, report, number) == "done"
    taken(acting, report, "operator", 2)  # the desk's phone rings again
    over(pbx, acting, call, report)


def answered(ami: AmiStream) -> None:
    """Wait until the agency has answered the desk."""
    ami.wait_event("DialEnd", DialStatus="ANSWER", DestContext="line-112")


@pytest.fixture
def one_way_out(pbx: RealAsterisk) -> Iterator[None]:
    """No more than one call goes out at once."""
    (before,) = re.findall(r"OUT_AT_ONCE=(\d+)", pbx.cli("dialplan show globals"))
    pbx.cli("dialplan set global OUT_AT_ONCE 1")
    yield
    pbx.cli(f"dialplan set global OUT_AT_ONCE {before}")


@pytest.mark.usefixtures("one_way_out")
def test_who_came_back_takes_no_way_out_from_others(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.carrier(busy=True)
    call, report = talk(pbx, people, acting)
    assert transfer(acting, report) == "done"
    taken(acting, report, "operator", 2)
    people.unplug("carrier")
    people.carrier(answer_ms=100)
    people.operator(2, answer_ms=100)
    second = people.call(Caller("+6281200000002"))
    other = until(
        lambda: [one for one in acting.get("/calls")["calls"] if one["number"] != report["number"]], "it is seen"
    )[0]
    taken(acting, other, "operator")
    assert transfer(acting, other) == "done"
    taken(acting, other, "agency")
    second.hang_up()
    call.hang_up()
    second.wait()
    call.wait()
    assert {report["number"], other["number"]} <= {one["number"] for one in agreed({"pbx-1": pbx}, acting)}


def test_an_attended_transfer_is_completed(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.carrier(answer_ms=200)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
        assert consultation(acting, report, "complete") == "done"
        ami.wait_event("AttendedTransfer", Result="Success")
    taken(acting, report, "agency")
    hears(pbx, 2)
    over(pbx, acting, call, report)
    assert "Dialihkan oleh PJSIP/op1 ke 0328600113, setelah dibicarakan dahulu" in told(acting, report)


def test_an_attended_transfer_is_cancelled(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.carrier(answer_ms=200)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    assert consultation(acting, report, "cancel") == "done"
    hears(pbx, 2)
    over(pbx, acting, call, report)


def test_a_desk_that_got_the_caller_by_a_telephone_may_ask_too(
    pbx: RealAsterisk, people: People, acting: Product
) -> None:
    people.carrier(answer_ms=200)
    people.operator(2, answer_ms=100, log_in=False)
    call, report = talk(pbx, people, acting)
    people.phone("op1").transfer("2")
    taken(acting, report, "operator", 2)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    assert consultation(acting, report, "complete") == "done"
    taken(acting, report, "agency")
    hears(pbx, 2)
    over(pbx, acting, call, report)


def all_three(pbx: RealAsterisk, people: People, acting: Product) -> tuple[CallerProcess, Json, Handset]:
    """Caller, operator and agency talk; return the caller, the report and the agency."""
    agency = people.carrier(answer_ms=200)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    assert consultation(acting, report, "join") == "done"
    taken(acting, report, "agency")
    hears(pbx, 3)
    return call, report, agency


def test_all_three_talk(pbx: RealAsterisk, people: People, acting: Product) -> None:
    call, report, _ = all_three(pbx, people, acting)
    assert acting.report(report["number"])["call"]["stage"] == "talking"
    assert not [text for text in told(acting, report) if text.startswith("Dialihkan")], "nobody is passed on"
    people.phone("op1").hang_up()
    hears(pbx, 2)
    over(pbx, acting, call, report)


@pytest.mark.parametrize(
    "number", [AGENCY, "+62809123456", "2"], ids=["busy", "a number that is not dialled", "a desk that is busy"]
)
def test_an_agency_that_is_not_reached_leaves_the_caller_with_the_desk(
    pbx: RealAsterisk, people: People, acting: Product, number: str
) -> None:
    people.carrier(busy=True)
    people.operator(2, busy=True, log_in=False)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, number, attended=True) == "done"
        ami.wait(lambda frame: frame.matches(Event="Hangup") and "Local/" in str(frame.get("Channel")), timeout=20)
    hears(pbx, 2)
    over(pbx, acting, call, report)


def test_a_desk_that_is_lost_while_it_asks(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """The caller is connected to whom the desk had asked, as if it had hung up."""
    people.carrier(answer_ms=200)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    people.phone("op1").hang_up()
    taken(acting, report, "agency")
    hears(pbx, 2)
    over(pbx, acting, call, report)


def test_nobody_is_passed_on_who_talks_to_nobody(pbx: RealAsterisk, people: People, acting: Product) -> None:
    call = people.call(SITI)
    (report,) = until(lambda: acting.get("/calls")["calls"], "the caller waits")
    refused = acting.http.post(f"/api/v1/reports/{report['number']}/call/transfer", json={"number": AGENCY})
    assert (refused.status_code, refused.json()["error"]) == (409, "not_talking")
    over(pbx, acting, call, report, "abandoned")
