"""Whose signature a request bears: an agency may sign its answers with its secret instead of sending its token.

A signature names nobody, so it is tried with the secrets of every agency. Only then is it asked whose dispatch it is:
what another agency signed finds that dispatch as unknown as one that does not exist, and what nobody signed is refused
before anything is looked up.
"""

from collections.abc import Mapping
from typing import Final

from db import agencies
from db.engine import Database
from intake.access import Who
from intake.refusals import DeskError
from routing import signing

ID: Final = "webhook-id"


class BadSignatureError(DeskError):
    """No agency's secret fits this signature, or its time is more than five minutes off. Sign the bytes you send."""

    status = 401
    code = "bad_signature"


async def signer(database: Database, headers: Mapping[str, str], body: bytes) -> Who:
    """Return which agency signed this body. Raises BadSignatureError, whatever the headers hold."""
    async with database.reading() as reading:
        every, now = await agencies.every(reading), reading.now
    given = (headers.get(ID), headers.get("webhook-timestamp"), headers.get("webhook-signature"))
    for agency in every:
        try:
            signing.verify(agency.secrets_at(now), *given, body, now.timestamp())
        except signing.BadSignatureError:
            continue
        return Who(agency.code, "agency", agency.id, signed=True)
    raise BadSignatureError
