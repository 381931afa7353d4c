"""What keeps callers from ringing at all is seen on a real Asterisk: a trunk that is gone, an address it refuses."""

import pytest

from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.parametrize("pbx", [{"values": {"QUALIFY_S": "1"}}], indirect=True, ids=["asks every second"]),
]
ELSEWHERE = "127.0.0.9"  # an address that the carrier did not tell us


def alarms(product: Product) -> dict[str, str]:
    """Return what is wrong by now."""
    return {alarm["code"]: alarm["message"] for alarm in product.readiness()["alarms"]}


def test_a_trunk_that_is_lost_and_comes_back(people: People, product: Product) -> None:
    until(lambda: "trunk" in alarms(product), "the trunk is seen to be gone", within_s=20)
    assert "Trunk trunk is gone" in alarms(product)["trunk"]
    people.carrier()
    until(lambda: alarms(product) == {}, "the trunk is seen to be there", within_s=20)
    people.unplug("carrier")
    until(lambda: "trunk" in alarms(product), "the trunk is seen to be gone again", within_s=20)


def test_a_carrier_with_a_new_address(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.carrier()
    for tries in range(1, 4):
        call = people.call(host=ELSEWHERE)
        until(lambda: pbx.security_log.count("InvalidAccountID") >= tries, "Asterisk has refused it")  # noqa: B023
        call.end()
    until(lambda: "refused" in alarms(product), "the refused address is seen")
    assert f"from {ELSEWHERE} " in alarms(product)["refused"]
    assert product.reports() == [], "nothing of it is a call"
