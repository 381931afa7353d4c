"""Signatures after the Standard Webhooks specification, over `id.timestamp.body`.

Two schemes, told apart by the prefix of the key: `v1,` is HMAC-SHA256 with a shared secret (`whsec_` and base64 of 24
to 64 random bytes), `v1a,` is ed25519 (RFC 8032) with a pair of keys of which the receiver knows only the public one
(`whsk_` and base64 of the 32 bytes of the seed, `whpk_` and base64 of the 32 bytes of the public key). One header holds
the signatures of several keys, separated by spaces; a receiver takes the first that it can check and that fits.
"""

import base64
import functools
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = "whsec_"
KEY_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
TOLERANCE_S = 300
LONGEST_HEADER = 4096
MOST_SIGNATURES = 10  # in a header: ours has four at most, while a secret is changed
KEY_BYTES = 32


class BadSignatureError(Exception):
    """The signature is missing, malformed, too old, or not ours. Check the secret and the clock."""

    status = 401


@dataclass(frozen=True, slots=True)
class Given:
    """What is said to be signed, and the signatures that came with it; none of them is checked yet."""

    content: bytes
    signatures: Sequence[str]


def make_secret(random: bytes) -> str:
    """Return a signing secret of these random bytes (24 to 64 of them, says the specification)."""
    if not 24 <= len(random) <= 64:
        raise ValueError("a signing secret is 24 to 64 random bytes")
    return PREFIX + _base64(random)


def make_key(random: bytes) -> str:
    """Return an ed25519 secret key (`whsk_…`) of these 32 random bytes."""
    if len(random) != KEY_BYTES:
        raise ValueError("an ed25519 key is 32 random bytes")
    return KEY_PREFIX + _base64(random)


def public_key(key: str) -> str:
    """Return the public key (`whpk_…`) of a secret one. Raises ValueError when it is not `whsk_` and base64."""
    return PUBLIC_PREFIX + _base64(_private(key).public_key().public_bytes_raw())


def sign(keys: Sequence[str], envelope_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature per key, in their order.

    `timestamp` is in seconds since 1970. Raises ValueError for a key that is not `whsec_` or `whsk_` and base64.
    """
    content = _content(envelope_id, timestamp, body)
    return " ".join(_signature(key, content) for key in keys)


def verify(
    keys: Iterable[str],
    envelope_id: str | None,
    timestamp: str | None,
    signature: str | None,
    body: bytes,
    now: float,
) -> None:
    """Check the three headers of a webhook as they came (None: missing) at `now`, in seconds since 1970.

    One signature that fits one of `keys` (`whsec_`, `whpk_`, or the `whsk_` of our own) is enough. Raises
    BadSignatureError, and nothing else, whatever the headers hold; ValueError for a key that is none.
    """
    if not fits(keys, read(envelope_id, timestamp, signature, body, now)):
        raise BadSignatureError("no signature fits")


def read(envelope_id: str | None, timestamp: str | None, signature: str | None, body: bytes, now: float) -> Given:
    """Return what the three headers say, for `fits`: all that can be refused without computing a signature is refused.

    Raises BadSignatureError.
    """
    if not envelope_id or not timestamp or not signature:
        raise BadSignatureError("webhook-id, webhook-timestamp or webhook-signature is missing")
    if max(len(envelope_id), len(timestamp), len(signature)) > LONGEST_HEADER:
        raise BadSignatureError("a header is longer than 4096 characters")
    if signature.count(" ") >= MOST_SIGNATURES:
        raise BadSignatureError("webhook-signature has more than ten signatures")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII):
        raise BadSignatureError("webhook-timestamp is not a number of seconds")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise BadSignatureError("webhook-timestamp is more than five minutes off")
    if not envelope_id.isascii() or "." in envelope_id:  # with a full stop a body could become part of the id
        raise BadSignatureError("webhook-id is not ASCII without full stops")
    return Given(_content(envelope_id, int(timestamp), body), signature.split(" "))


def fits(keys: Iterable[str], given: Given) -> bool:
    """Tell whether one of the signatures is of one of these keys. Raises ValueError for a key that is none."""
    return any([_fits(key, given.content, given.signatures) for key in keys])  # noqa: C419 try all, take equal time


def _fits(key: str, content: bytes, given: Sequence[str]) -> bool:
    if key.startswith((KEY_PREFIX, PUBLIC_PREFIX)):
        public = _public(key)
        return any(_is_of(public, content, token[4:]) for token in given if token.startswith("v1a,"))
    good = _signature(key, content).encode()
    return any([hmac.compare_digest(good, token.encode("utf-8", "replace")) for token in given])  # noqa: C419


def _is_of(public: Ed25519PublicKey, content: bytes, encoded: str) -> bool:
    """Tell whether this base64 is a signature of the content, written as the one that signs writes it."""
    try:
        signature = base64.b64decode(encoded, validate=True)
        public.verify(signature, content)
    except (ValueError, InvalidSignature):
        return False
    return _base64(signature) == encoded


def _signature(key: str, content: bytes) -> str:
    if key.startswith(KEY_PREFIX):
        return "v1a," + _base64(_private(key).sign(content))
    return "v1," + _base64(hmac.digest(_decoded(key, PREFIX), content, hashlib.sha256))


def _content(envelope_id: str, timestamp: int, body: bytes) -> bytes:
    return f"{envelope_id}.{timestamp}.".encode() + body


@functools.lru_cache(256)
def _private(key: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_decoded(key, KEY_PREFIX, KEY_BYTES))


def _public(key: str) -> Ed25519PublicKey:
    if key.startswith(KEY_PREFIX):
        return _private(key).public_key()
    return Ed25519PublicKey.from_public_bytes(_decoded(key, PUBLIC_PREFIX, KEY_BYTES))


def _decoded(key: str, prefix: str, length: int | None = None) -> bytes:
    """Return the bytes of a key: so many of them, or any number but none. Raises ValueError, without the key in it."""
    encoded = key.removeprefix(prefix)
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        decoded = b""
    if not decoded or length not in (None, len(decoded)):
        raise ValueError(f"this key is not {prefix} followed by base64" + (f" of {length} bytes" if length else ""))
    return decoded


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
