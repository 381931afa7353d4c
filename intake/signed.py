"""Whose signature a request bears: an agency may sign its answers with its secret instead of sending its token.

A signature names nobody, so it is tried with the secrets of every agency, once all is refused that can be without
trying. Only then is it asked whose dispatch it is: what another agency signed finds that dispatch as unknown as one
that does not exist, and what nobody signed is refused before anything is looked up. Who makes signatures up is slowed,
by address; a good signature never waits.
"""

from collections.abc import Mapping
from typing import Final

import structlog

from db import agencies
from db.engine import Database
from intake.access import TooManyTriesError, Who
from intake.guesses import Guesses
from intake.refusals import DeskError
from routing import signing

log = structlog.get_logger(__name__)
ID: Final = "webhook-id"
LONGEST_SIGNED: Final = 16 * 1024


class BadSignatureError(DeskError, status=401):
    """No agency's secret fits this signature, or its time is more than five minutes off. Sign the bytes you send."""


class SignedTooLongError(DeskError, status=413, code="too_long"):
    """A signed answer has 16 kB at most. Send a shorter note, or send it with your token."""


class Signers:
    """Finds who signed; slows those who make signatures up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guesses = Guesses(database.clock)

    async def who(self, headers: Mapping[str, str], body: bytes, address: str) -> Who:
        """Return which agency signed this body, which came from this address.

        Raises BadSignatureError, SignedTooLongError and TooManyTriesError, and no other, whatever the headers hold.
        """
        if len(body) > LONGEST_SIGNED:
            raise SignedTooLongError
        if (found := await self._signer(headers, body)) is not None:
            return found
        if (wait_s := self._guesses.wait_s(address)) > 0:
            raise TooManyTriesError(wait_s, "bad signatures")
        self._guesses.count(address)
        log.warning("bad_signature", address=address)
        raise BadSignatureError

    async def _signer(self, headers: Mapping[str, str], body: bytes) -> Who | None:
        given = (headers.get(ID), headers.get("webhook-timestamp"), headers.get("webhook-signature"))
        try:
            claimed = signing.read(*given, body, self._database.clock().timestamp())
        except signing.BadSignatureError:
            return None
        async with self._database.reading() as reading:
            every, now = await agencies.every(reading), reading.now
        signer = next((agency for agency in every if signing.fits(agency.secrets_at(now), claimed)), None)
        if signer is None:
            return None
        return Who(signer.code, "agency", signer.id, signed=True, disabled=signer.disabled_at is not None)
