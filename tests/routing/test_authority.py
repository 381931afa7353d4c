"""An agency's own certificate authority: believed for that agency alone, and nothing but it is kept of a file."""

import pytest
import trustme

from routing import authority
from routing.delivery import HttpReceiver
from routing.refusals import UnfitAuthorityError
from tests.routing.receivers import answers, receiving
from tests.routing.test_delivery import LOOPBACK, Dns, certificate, deliver


@pytest.mark.parametrize(
    ("own", "code"),
    [
        pytest.param(None, "tls_untrusted", id="not-pinned"),
        pytest.param(True, "status_200", id="pinned"),
        pytest.param(False, "tls_untrusted", id="another-is-pinned"),
    ],
)
async def test_an_authority_of_the_agencys_own(own: bool | None, code: str) -> None:
    ours = trustme.CA()
    pem = None if own is None else (ours if own else trustme.CA()).cert_pem.bytes().decode()
    async with receiving(answers(), certificate(ours, "agency.test")) as pretend:
        url, dns = f"https://agency.test:{pretend.port}/", Dns(["127.0.0.1"])
        outcome = await deliver(HttpReceiver(url, LOOPBACK, pem, resolve=dns))
    assert (outcome.code, len(pretend.got)) == (code, code == "status_200")


def test_of_a_file_only_an_authoritys_certificate_is_kept() -> None:
    ours = trustme.CA()
    pem, leaf = ours.cert_pem.bytes().decode(), ours.issue_cert("agency.test")
    assert authority.read(f"CN = Dinas\n{pem}\n{pem}") == pem
    assert authority.read(" \n") is None
    wrong = {
        "a file": "no certificate in PEM",
        pem[:200]: "no certificate in PEM",
        f"é{pem}": "no certificate in PEM",
        leaf.cert_chain_pems[0].bytes().decode(): "of a server, not of an authority",
        pem + leaf.private_key_pem.bytes().decode(): "holds a private key",
    }
    for text, words in wrong.items():
        with pytest.raises(UnfitAuthorityError, match=words):
            authority.read(text)
