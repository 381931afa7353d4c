"""Signatures after the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

PREFIX = "whsec_"
TOLERANCE_S = 300
LONGEST_HEADER = 4096


class BadSignatureError(Exception):
    """The signature is missing, malformed, too old, or not ours. Check the secret and the clock."""

    status = 401


def make_secret(random: bytes) -> str:
    """Return a signing secret of these random bytes (24 to 64 of them, says the specification)."""
    if not 24 <= len(random) <= 64:
        raise ValueError("a signing secret is 24 to 64 random bytes")
    return PREFIX + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], envelope_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature per secret (two while a secret is being changed).

    Raises ValueError when a secret is not `whsec_` and base64.
    """
    message = f"{envelope_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(_key(secret), message, hashlib.sha256) for secret in secrets]
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in digests)


def verify(
    secrets: Sequence[str],
    envelope_id: str | None,
    timestamp: str | None,
    signature: str | None,
    body: bytes,
    now: float,
) -> None:
    """Check the three headers of a webhook as they came (None: missing) at `now`, in seconds since 1970.

    Raises BadSignatureError, and nothing else, whatever the headers hold.
    """
    if not envelope_id or not timestamp or not signature:
        raise BadSignatureError("webhook-id, webhook-timestamp or webhook-signature is missing")
    if max(len(envelope_id), len(timestamp), len(signature)) > LONGEST_HEADER:
        raise BadSignatureError("a header is longer than 4096 characters")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp, re.ASCII):
        raise BadSignatureError("webhook-timestamp is not a number of seconds")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise BadSignatureError("webhook-timestamp is more than five minutes off")
    if not envelope_id.isascii():
        raise BadSignatureError("webhook-id is not ASCII")
    good = [sign([secret], envelope_id, int(timestamp), body).encode() for secret in secrets]
    given = [token.encode("utf-8", "replace") for token in signature.split(" ")]
    if not any([hmac.compare_digest(a, b) for a in good for b in given]):  # noqa: C419 compare all, take equal time
        raise BadSignatureError("no signature fits")


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("a signing secret is whsec_ followed by base64")
    return key
