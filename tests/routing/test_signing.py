"""Signatures, against the published package both ways."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from routing.signing import BadSignatureError, make_secret, sign, verify

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = make_secret(bytes(range(32)))


def test_the_example_of_the_specification() -> None:
    assert sign([SECRET], ID, AT, BODY) == SIGNATURE
    verify([SECRET], ID, str(AT), SIGNATURE, BODY, AT)


def test_the_published_package_takes_ours() -> None:
    now = int(time.time())
    body = '{"tempat":"Jl. Trunojoyo № 4 — Sumenep"}'.encode()
    headers = {"webhook-id": ID, "webhook-timestamp": str(now), "webhook-signature": sign([OTHER], ID, now, body)}
    Webhook(OTHER).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


def test_we_take_the_published_package() -> None:
    at = datetime.fromtimestamp(AT, UTC)  # a time in WIB it would sign as if it were UTC
    verify([SECRET], ID, str(AT), Webhook(SECRET).sign(ID, at, BODY.decode()), BODY, AT)


def test_while_a_secret_is_changed_both_sides_of_it_fit() -> None:
    both = sign([SECRET, OTHER], ID, AT, BODY)
    assert both.split(" ") == [sign([SECRET], ID, AT, BODY), sign([OTHER], ID, AT, BODY)]
    verify([SECRET], ID, str(AT), both, BODY, AT)
    verify([OTHER], ID, str(AT), both, BODY, AT)
    verify([OTHER, SECRET], ID, str(AT), SIGNATURE, BODY, AT)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param({"body": BODY + b" "}, "no signature fits", id="body-changed-by-a-byte"),
        pytest.param({"envelope_id": ID + "x"}, "no signature fits", id="another-id"),
        pytest.param({"envelope_id": None}, "missing", id="no-id"),
        pytest.param({"envelope_id": "ë"}, "not ASCII", id="id-not-ascii"),
        pytest.param({"envelope_id": "\ud800"}, "not ASCII", id="id-half-a-character"),
        pytest.param({"timestamp": None}, "missing", id="no-timestamp"),
        pytest.param({"timestamp": "soon"}, "not a number", id="timestamp-junk"),
        pytest.param({"timestamp": "-5"}, "not a number", id="timestamp-negative"),
        pytest.param({"timestamp": "1e9"}, "not a number", id="timestamp-exponent"),
        pytest.param({"timestamp": "9" * 4000}, "not a number", id="timestamp-4000-digits"),
        pytest.param({"timestamp": "١٦١٤٢٦٥٣٣٠"}, "not a number", id="timestamp-arabic-digits"),
        pytest.param({"now": AT + 301}, "five minutes", id="too-old"),
        pytest.param({"now": AT - 301}, "five minutes", id="from-the-future"),
        pytest.param({"signature": None}, "missing", id="no-signature"),
        pytest.param({"signature": ""}, "missing", id="empty"),
        pytest.param({"signature": "v1"}, "no signature fits", id="v1"),
        pytest.param({"signature": "v1,"}, "no signature fits", id="v1-comma"),
        pytest.param({"signature": "v1,,,"}, "no signature fits", id="commas"),
        pytest.param({"signature": "v1,%%%"}, "no signature fits", id="no-base64"),
        pytest.param({"signature": SIGNATURE.replace("v1", "v2")}, "no signature fits", id="another-version"),
        pytest.param({"signature": "v1,ÿ\ud800"}, "no signature fits", id="not-ascii"),
        pytest.param({"signature": " ".join(["v1,AAAA"] * 50)}, "no signature fits", id="50-signatures"),
        pytest.param({"signature": "v1," + "A" * 1_000_000}, "longer", id="1-MB"),
    ],
)
def test_what_does_not_fit(change: dict[str, object], sentence: str) -> None:
    given_: dict[str, object] = {
        "envelope_id": ID, "timestamp": str(AT), "signature": SIGNATURE, "body": BODY, "now": AT, **change,
    }  # fmt: skip
    with pytest.raises(BadSignatureError, match=sentence):
        verify([SECRET], **given_)  # type: ignore[arg-type]


def test_the_right_one_among_fifty() -> None:
    verify([SECRET], ID, str(AT), " ".join(["v1,AAAA"] * 49 + [SIGNATURE]), BODY, AT)


def test_five_minutes_are_in_time() -> None:
    verify([SECRET], ID, str(AT), SIGNATURE, BODY, AT + 300)


@given(st.text(), st.text(), st.text(), st.binary())
def test_nothing_else_is_raised(envelope_id: str, timestamp: str, signature: str, body: bytes) -> None:
    with pytest.raises(BadSignatureError):
        verify([SECRET], envelope_id, timestamp, signature, body, AT)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsec_A"])
def test_a_secret_that_is_none(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign([secret], ID, AT, BODY)


def test_a_secret_without_padding_is_read_like_the_published_package_does() -> None:
    secret = OTHER.rstrip("=")
    assert sign([secret], ID, AT, BODY) == Webhook(secret).sign(ID, datetime.fromtimestamp(AT, UTC), BODY.decode())


@pytest.mark.parametrize("length", [0, 23, 65])
def test_the_length_of_a_secret(length: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        make_secret(bytes(length))
