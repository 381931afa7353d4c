"""How pretend people speak to the centre: one HTTP request in a thread, with Python's own client.

The product's HTTP client belongs to `routing.delivery`; who is outside of the product does not borrow it.
"""

import asyncio
import http.client
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

WITHIN_S: Final = 10.0
LARGEST_ANSWER: Final = 1 << 20
Json = dict[str, Any]


class UnheardError(Exception):
    """Nobody answered; the message says why."""


async def speak(
    url: str, token: str, words: Json | None, *, method: str = "POST", headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Send one request with a bearer token; return the status and the body. Raises UnheardError."""
    try:
        return await asyncio.to_thread(_request, method, url, token, words, dict(headers or {}))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UnheardError(repr(error)) from error


def _request(method: str, url: str, token: str, words: Json | None, headers: dict[str, str]) -> tuple[int, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    line = kind(parts.hostname or "", parts.port, timeout=WITHIN_S)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = None if words is None else json.dumps(words)
        known = {"Content-Type": "application/json"} if body else {}
        line.request(method, path, body, {"Authorization": f"Bearer {token}", **known, **headers})
        answer = line.getresponse()
        return answer.status, answer.read(LARGEST_ANSWER).decode("utf-8", "replace")
    finally:
        line.close()
