"""Signatures against the published JavaScript library, which an agency is likely to use; both ways.

It knows `v1` only (so does the Python one): `v1a` beside it must not disturb it, and is checked by Node's own ed25519.
"""

import json
import subprocess
import time
from pathlib import Path

import pytest

from routing.signing import BadSignatureError, make_key, make_secret, public_key, sign, verify
from tests.npm import installed

pytestmark = pytest.mark.real
HERE = Path(__file__).parent / "javascript"
OLD, NEW, STRANGE = (make_secret(bytes([n]) * 32) for n in (1, 2, 3))
KEY, STRANGE_KEY = (make_key(bytes([n]) * 32) for n in (4, 5))
ID = "01997b1e-0000-7000-8000-000000000112"
BODY = '{"tempat":"Jl. Trunojoyo № 4 — Sumenep","pelapor":"Ñoño 🔥"}'


def asked(*questions: dict[str, object]) -> list[dict[str, object]]:
    """Ask the library; each answer is a `value` or an `error`."""
    folder = installed(HERE)
    command = ("node", str(HERE / "webhooks.cjs"), str(folder))
    done = subprocess.run(command, check=True, capture_output=True, input=json.dumps(questions).encode(), timeout=60)
    answers: list[dict[str, object]] = json.loads(done.stdout)
    return answers


def headers(signature: str, at: int) -> dict[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_the_published_library_takes_ours() -> None:
    now = int(time.time())
    rotating = headers(sign([NEW, OLD, KEY], ID, now, BODY.encode()), now)
    late = headers(sign([NEW], ID, now - 310, BODY.encode()), now - 310)
    good, bad = {"value": json.loads(BODY)}, {"error": "WebhookVerificationError: No matching signature found"}
    answers = asked(
        {"do": "verify", "key": NEW, "headers": rotating, "body": BODY},
        {"do": "verify", "key": OLD, "headers": rotating, "body": BODY},
        {"do": "verify", "key": STRANGE, "headers": rotating, "body": BODY},
        {"do": "verify", "key": NEW, "headers": rotating, "body": f"{BODY} "},
        {"do": "verify", "key": NEW, "headers": headers(sign([KEY], ID, now, BODY.encode()), now), "body": BODY},
        {"do": "verify", "key": NEW, "headers": late, "body": BODY},
    )
    too_old = {"error": "WebhookVerificationError: Message timestamp too old"}
    assert answers == [good, good, bad, bad, bad, too_old]


def test_we_take_the_published_library() -> None:
    now = int(time.time())
    [answer] = asked({"do": "sign", "key": OLD, "id": ID, "at": now, "body": BODY})
    signature = str(answer["value"])
    assert signature == sign([OLD], ID, now, BODY.encode())
    verify([NEW, OLD], ID, str(now), signature, BODY.encode(), now)
    with pytest.raises(BadSignatureError):
        verify([NEW], ID, str(now), signature, BODY.encode(), now)


def test_ed25519_of_node_takes_ours() -> None:
    now = int(time.time())
    signed = headers(sign([NEW, KEY], ID, now, BODY.encode()), now)
    answers = asked(
        {"do": "verify_v1a", "key": public_key(KEY), "headers": signed, "body": BODY},
        {"do": "verify_v1a", "key": public_key(STRANGE_KEY), "headers": signed, "body": BODY},
        {"do": "verify_v1a", "key": public_key(KEY), "headers": signed, "body": f"{BODY} "},
    )
    bad = {"error": "Error: No matching signature found"}
    assert answers == [{"value": None}, bad, bad]
