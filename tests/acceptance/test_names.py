"""From SIP, on the shipped manager.conf and dialplan: a caller's name forges nothing and hides nothing."""

import pytest

from tests.acceptance.product import Product
from tests.pbx.sipp import Caller, People

pytestmark = pytest.mark.real
# what the caller says -> what the report says; Asterisk hands a quoted string on with its backslashes, as it was sent
NAMES = {
    "Event: VarSet": "Event: VarSet",
    "Ani, Uid: forged-9": "Ani, Uid: forged-9",
    "Evil\u2028Channel: PJSIP/x\x85Exten: 999": "Evil\u2028Channel: PJSIP/x\x85Exten: 999",
    '"Quoted" <sip:x@y>; %0D%0AAction: Ping': '\\"Quoted\\" <sip:x@y>; %0D%0AAction: Ping',
    "José": "José",
}


def test_every_name_is_one_report_with_the_name_kept_as_sent(people: People, product: Product) -> None:
    for n, name in enumerate(NAMES):
        people.call(Caller(f"+628120000000{n}", name.encode()), hang_up_ms=0).wait()
    reports = product.all_ended(len(NAMES))
    assert {report["caller"]["number"]: report["caller"]["name"] for report in reports} == {
        f"+628120000000{n}": name for n, name in enumerate(NAMES.values())
    }
    for report in reports:
        assert (report["call"]["dialled"], report["call"]["trunk"]) == ("112", "trunk")
        assert report["call"]["outcome"] == "abandoned"
        assert report["caller"]["withheld"] is False


def test_withheld_and_missing_numbers_and_what_the_network_says(people: People, product: Product) -> None:
    cell = 'IEEE-802.11, 3GPP-E-UTRAN-FDD; utran-cell-id-3gpp="5101012FAB0001"'
    people.call(Caller("+6281200000001", withheld=True, cell=cell), "0328112", hang_up_ms=0).wait()
    people.call(Caller(None), "s", hang_up_ms=0).wait()
    withheld, missing = sorted(product.all_ended(2), key=lambda report: str(report["number"]))
    withheld = product.report(withheld["number"])
    assert withheld["caller"]["withheld"] is True
    assert withheld["caller"]["number"] == "+6281200000001", "the network told it, for an emergency"
    assert withheld["call"]["dialled"] == "0328112"
    assert withheld["call"]["metadata"]["access_network"] == cell
    assert "<sip:+6281200000001@" in withheld["call"]["metadata"]["asserted_identity"]
    assert "access_network" not in product.report(missing["number"])["call"]["metadata"]
    assert missing["caller"]["number"] is None
    assert missing["call"]["dialled"] == "s"


@pytest.mark.parametrize("dialled", ["112", "0328112", "+62112", "s"])
def test_every_dialled_form_is_a_report(people: People, product: Product, dialled: str) -> None:
    people.call(Caller("+6281200000001"), dialled, hang_up_ms=0).wait()
    (report,) = product.all_ended(1)
    assert report["call"]["dialled"] == dialled
