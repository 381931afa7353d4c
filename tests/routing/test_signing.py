"""Signatures, against the published package both ways."""

import base64
import contextlib
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from routing.signing import (
    LONGEST_HEADER,
    MOST_SIGNATURES,
    TOLERANCE_S,
    BadSignatureError,
    make_key,
    make_secret,
    public_key,
    sign,
    verify,
)

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = make_secret(bytes(range(32)))
# The example that the published Go library, the one which knows `v1a`, checks itself by.
KEY = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
SIGNATURE_A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
PUBLIC = public_key(KEY)
BOTH = ((SECRET, SIGNATURE), (PUBLIC, SIGNATURE_A))


def test_the_example_of_the_specification() -> None:
    assert sign([SECRET], ID, AT, BODY) == SIGNATURE
    verify([SECRET], ID, str(AT), SIGNATURE, BODY, AT)


def test_the_example_of_the_published_ed25519() -> None:
    assert sign([KEY], ID, AT, BODY) == SIGNATURE_A
    verify([PUBLIC], ID, str(AT), SIGNATURE_A, BODY, AT)
    verify([KEY], ID, str(AT), SIGNATURE_A, BODY, AT)


def test_the_first_example_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = base64.b64decode(public_key(make_key(seed)).removeprefix("whpk_"))
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_one_header_for_all_keys() -> None:
    signature = sign([OTHER, SECRET, KEY], ID, AT, BODY)
    assert signature.split(" ")[1:] == [SIGNATURE, SIGNATURE_A]
    for keys in (
        [OTHER],
        [SECRET],
        [PUBLIC],
        [make_secret(bytes(32)), PUBLIC],
        [public_key(make_key(bytes(32))), OTHER],
    ):
        verify(keys, ID, str(AT), signature, BODY, AT)
    for keys in ([], [make_secret(bytes(32))], [make_key(bytes(32))]):
        with pytest.raises(BadSignatureError, match="no signature fits"):
            verify(keys, ID, str(AT), signature, BODY, AT)


def test_the_published_package_takes_ours() -> None:
    now = int(time.time())
    body = '{"tempat":"Jl. Trunojoyo № 4 — Sumenep"}'.encode()
    signature = sign([OTHER, make_secret(bytes(32)), KEY], ID, now, body)  # it knows no `v1a`, and passes over it
    headers = {"webhook-id": ID, "webhook-timestamp": str(now), "webhook-signature": signature}
    Webhook(OTHER).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


def test_we_take_the_published_package() -> None:
    at = datetime.fromtimestamp(AT, UTC)  # a time in WIB it would sign as if it were UTC
    verify([SECRET], ID, str(AT), Webhook(SECRET).sign(ID, at, BODY.decode()), BODY, AT)


def test_where_the_published_package_stumbles_we_do_not() -> None:
    """A time in WIB it signs as if it were UTC; a malformed header is an error that is no refusal. Seen in 1.1.0."""
    wib = datetime.fromtimestamp(AT, timezone(timedelta(hours=7)))
    assert Webhook(SECRET).sign(ID, wib, BODY.decode()) == sign([SECRET], ID, AT + 7 * 3600, BODY)
    now = str(int(time.time()))
    with pytest.raises(ValueError, match="unpack"):
        Webhook(SECRET).verify(BODY, {"webhook-id": ID, "webhook-timestamp": now, "webhook-signature": "v1"})
    with pytest.raises(BadSignatureError):
        verify([SECRET], ID, now, "v1", BODY, float(now))


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
        pytest.param({"envelope_id": "msg.1614265330"}, "full stops", id="id-with-a-full-stop"),
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
        pytest.param({"signature": " ".join(["v1,AAAA"] * 10)}, "no signature fits", id="ten-signatures"),
        pytest.param({"signature": " " * 4095}, "more than ten", id="4096-signatures"),
        pytest.param({"signature": "v1," + "A" * 1_000_000}, "longer", id="1-MB"),
    ],
)
def test_what_does_not_fit(change: dict[str, object], sentence: str) -> None:
    given_: dict[str, object] = {
        "envelope_id": ID, "timestamp": str(AT), "signature": SIGNATURE, "body": BODY, "now": AT, **change,
    }  # fmt: skip
    with pytest.raises(BadSignatureError, match=sentence):
        verify([SECRET], **given_)  # type: ignore[arg-type]


def test_the_right_one_among_ten() -> None:
    verify([SECRET], ID, str(AT), " ".join(["v1,AAAA"] * 9 + [SIGNATURE]), BODY, AT)
    verify([PUBLIC], ID, str(AT), " ".join(["v1a,AAAA"] * 9 + [SIGNATURE_A]), BODY, AT)


@pytest.mark.parametrize(("signature", "at"), [(" " * 4095, AT), (f"{SIGNATURE} " * 10, AT), (SIGNATURE, AT + 301)])
def test_what_can_be_refused_without_a_key_is(signature: str, at: int) -> None:
    touched: list[str] = []
    with pytest.raises(BadSignatureError):
        verify((touched.append(key) or key for key in [SECRET]), ID, str(AT), signature, BODY, at)  # type: ignore[func-returns-value]
    assert touched == []


@given(st.floats(-TOLERANCE_S, TOLERANCE_S), st.integers(1, 3), st.sampled_from(BOTH))
def test_replayed_within_five_minutes_it_fits_each_time(later: float, times: int, pair: tuple[str, str]) -> None:
    for _ in range(times):
        verify([pair[0]], ID, str(AT), pair[1], BODY, AT + later)


@given(st.floats(TOLERANCE_S, exclude_min=True, max_value=1e12), st.booleans(), st.sampled_from(BOTH))
def test_replayed_outside_of_five_minutes_it_does_not(off: float, early: bool, pair: tuple[str, str]) -> None:
    assume(abs(AT + (-off if early else off) - AT) > TOLERANCE_S)  # so small a difference is none beside 1.6e9
    with pytest.raises(BadSignatureError, match="five minutes"):
        verify([pair[0]], ID, str(AT), pair[1], BODY, AT - off if early else AT + off)


@given(st.binary(min_size=1, max_size=200), st.data(), st.sampled_from([SECRET, KEY]))
def test_a_body_changed_by_a_byte(body: bytes, data: st.DataObject, key: str) -> None:
    signature = sign([key], ID, AT, body)
    place, change = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(1, 255))
    changed = body[:place] + bytes([body[place] ^ change]) + body[place + 1 :]
    for other in (changed, body[:place] + body[place + 1 :], body + bytes([change])):
        with pytest.raises(BadSignatureError, match="no signature fits"):
            verify([key], ID, str(AT), signature, other, AT)


@given(st.data(), st.sampled_from(["id", "timestamp", "signature"]), st.characters(), st.sampled_from(BOTH))
def test_a_header_changed_by_a_character(data: st.DataObject, name: str, new: str, pair: tuple[str, str]) -> None:
    headers = {"id": ID, "timestamp": str(AT), "signature": pair[1]}
    place = data.draw(st.integers(0, len(headers[name]) - 1))
    assume(headers[name][place] != new)
    headers[name] = headers[name][:place] + new + headers[name][place + 1 :]
    with pytest.raises(BadSignatureError):
        verify([pair[0]], headers["id"], headers["timestamp"], headers["signature"], BODY, AT)


PIECES = st.sampled_from(
    ["v1", "v1,", "v1a", "v1a,", "v1,,", "v1a,v1a,", ",", "", "v1a," + "A" * 86 + "==", "v1,=", "v2,AAAA"]
)
TOKENS = PIECES | st.text(max_size=20) | st.binary(max_size=80).map(lambda raw: "v1a," + base64.b64encode(raw).decode())


@settings(deadline=None)  # a megabyte is made in each
@given(st.lists(TOKENS, max_size=50), st.sampled_from([1, 50, 20_000]), st.sampled_from(BOTH), st.booleans())
def test_a_heap_of_signatures(tokens: list[str], times: int, pair: tuple[str, str], has_right: bool) -> None:
    header = " ".join(tokens)
    header = " ".join([header] * times)[:1_000_000] if header else header
    if not has_right:
        with pytest.raises(BadSignatureError):
            verify([SECRET, OTHER, PUBLIC], ID, str(AT), header, BODY, AT)
        return
    header += f" {pair[1]}"
    with (
        contextlib.nullcontext()
        if len(header) <= LONGEST_HEADER and header.count(" ") < MOST_SIGNATURES
        else pytest.raises(BadSignatureError, match=r"longer|more than ten")
    ):
        verify([SECRET, OTHER, PUBLIC], ID, str(AT), header, BODY, AT)


@given(st.text(), st.text() | st.just(str(AT)), st.text(), st.binary())
def test_nothing_else_is_raised(envelope_id: str, timestamp: str, signature: str, body: bytes) -> None:
    with pytest.raises(BadSignatureError):
        verify([SECRET, PUBLIC], envelope_id, timestamp, signature, body, AT)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        *((key, "whsec_") for key in ("", "whsec_", "whsec_%%%", "whsec_A", PUBLIC)),
        *((key, "whsk_.*32 bytes") for key in ("whsk_", "whsk_%%%", "whsk_AAAA", KEY[:-4], "whsk_ë")),
    ],
)
def test_a_key_that_is_none(key: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        sign([key], ID, AT, BODY)
    assert len(key) < 10 or key not in str(caught.value)


@pytest.mark.parametrize("key", ["whpk_", "whpk_AAAA", PUBLIC + "AAAA"])
def test_a_public_key_that_is_none(key: str) -> None:
    with pytest.raises(ValueError, match="whpk_"):
        verify([key], ID, str(AT), SIGNATURE_A, BODY, AT)


def test_a_public_key_of_no_point_fits_nothing() -> None:
    with pytest.raises(BadSignatureError):
        verify(["whpk_" + base64.b64encode(b"\xff" * 32).decode()], ID, str(AT), SIGNATURE_A, BODY, AT)


def test_a_secret_without_padding_is_read_like_the_published_package_does() -> None:
    secret = OTHER.rstrip("=")
    assert sign([secret], ID, AT, BODY) == Webhook(secret).sign(ID, datetime.fromtimestamp(AT, UTC), BODY.decode())


@pytest.mark.parametrize("length", [0, 23, 65])
def test_the_length_of_a_secret(length: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        make_secret(bytes(length))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_the_length_of_a_key(length: int) -> None:
    with pytest.raises(ValueError, match="32"):
        make_key(bytes(length))
