"""What keeps callers from ringing at all is seen on a real Asterisk: a trunk that is gone, an address it refuses."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = pytest.mark.real
asks = pytest.mark.parametrize("pbx", [{"values": {"QUALIFY_S": "1"}}], indirect=True, ids=["asks every second"])
CARRIER = "127.0.0.8"  # one that wants us to register
REGISTERS = """
[telkom]
type=registration
transport=transport-udp
server_uri=sip:{carrier}
client_uri=sip:112@{carrier}
retry_interval=1
forbidden_retry_interval=1
max_retries=1000
"""
ELSEWHERE = "127.0.0.9"  # an address that the carrier did not tell us


def alarms(product: Product) -> dict[str, str]:
    """Return what is wrong by now."""
    return {alarm["code"]: alarm["message"] for alarm in product.readiness()["alarms"]}


@asks
def test_a_trunk_that_is_lost_and_comes_back(people: People, product: Product) -> None:
    until(lambda: "trunk" in alarms(product), "the trunk is seen to be gone", within_s=20)
    assert "Trunk trunk is gone" in alarms(product)["trunk"]
    people.carrier()
    until(lambda: alarms(product) == {}, "the trunk is seen to be there", within_s=20)
    people.unplug("carrier")
    until(lambda: "trunk" in alarms(product), "the trunk is seen to be gone again", within_s=20)


@asks
def test_a_carrier_with_a_new_address(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.carrier()
    for tries in range(1, 4):
        call = people.call(host=ELSEWHERE)
        until(lambda: pbx.security_log.count("InvalidAccountID") >= tries, "Asterisk has refused it")  # noqa: B023
        call.end()
    until(lambda: "refused" in alarms(product), "the refused address is seen")
    assert f"from {ELSEWHERE} " in alarms(product)["refused"]
    assert product.reports() == [], "nothing of it is a call"


@asks
def test_a_carrier_that_does_not_know_us(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.carrier()
    with (pbx.folder / "etc/pjsip.conf").open("a") as conf:
        conf.write(REGISTERS.format(carrier=f"{CARRIER}:{pbx.ports.carrier}"))
    with registrar(pbx.ports.carrier, "403 Forbidden") as said:
        pbx.cli("module reload res_pjsip_outbound_registration.so")
        until(lambda: "registration" in alarms(product), "the registration is seen to fail", within_s=40)
        assert "telkom in pjsip.conf" in alarms(product)["registration"]
        said[0] = "200 OK"
        until(lambda: alarms(product) == {}, "the registration is seen to hold", within_s=40)


@contextmanager
def registrar(port: int, status: str) -> Iterator[list[str]]:
    """A carrier that answers every REGISTER so; what it answers may be changed."""
    said = [status]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((CARRIER, port))

        def serve() -> None:
            while (asked := wire.recvfrom(4096))[0] != b"enough":
                lines = asked[0].decode().split("\r\n")
                kept = [one for one in lines if one.startswith(("Via:", "From:", "Call-ID:", "CSeq:", "Contact:"))]
                to = next(one for one in lines if one.startswith("To:"))
                answer = [f"SIP/2.0 {said[0]}", *kept, f"{to};tag=carrier", "Expires: 60", "Content-Length: 0", "", ""]
                wire.sendto("\r\n".join(answer).encode(), asked[1])

        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield said
        finally:
            wire.sendto(b"enough", (CARRIER, port))
            serving.join()
