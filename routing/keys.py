"""An agency's keys: a new secret with a grace for the old one, and the public half of its ed25519 key.

A secret is changed while the line works: for the length of the grace both sign, so that the agency may take the new one
when it suits it, and what it signs with the old one is honoured. Every try reads the agency as it is then, so the next
try of what is owed already is signed anew. These functions never commit; the audit says that a secret was changed, and
never holds one.
"""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from db import agencies
from db.agencies import AgencyRow
from db.engine import Transaction
from routing import signing
from routing.refusals import UnknownAgencyError


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new secret, shown once, and until when the old one is honoured (None: no longer).

    Only one old secret is kept: `cut_short` is until when the one before it was to be honoured, and is no more.
    """

    secret: str
    until: datetime | None
    cut_short: datetime | None


async def rotate(tx: Transaction, code: str, grace: timedelta, by: str) -> Rotated:
    """Give the agency a new secret; the old one is honoured for `grace` (0: from now on no longer).

    Raises UnknownAgencyError.
    """
    agency = await _find(tx, code)
    secret = signing.make_secret(os.urandom(32))
    until = tx.now + grace if grace > timedelta(0) else None
    await agencies.change_secret(tx, agency.id, secret, until)
    tx.record(by, "agency.secret_rotated", code, honoured_until=until.isoformat() if until else None)
    cut_short = agency.secret_previous_until if len(agency.secrets_at(tx.now)) > 1 else None
    return Rotated(secret, until, cut_short)


async def public_key(tx: Transaction, code: str, by: str) -> str:
    """Return the agency's public key (`whpk_…`); its pair is made now when the agency is older than such keys.

    Raises UnknownAgencyError.
    """
    agency = await _find(tx, code)
    if agency.ed25519_key is None:
        key = signing.make_key(os.urandom(signing.KEY_BYTES))
        if await agencies.add_ed25519_key(tx, agency.id, key):
            tx.record(by, "agency.key_made", code, public_key=signing.public_key(key))
        agency = await _find(tx, code)
    if agency.ed25519_key is None:
        raise AssertionError("an agency that was just given a key has none")
    return signing.public_key(agency.ed25519_key)


async def _find(tx: Transaction, code: str) -> AgencyRow:
    agency = await agencies.find(tx, code)
    if agency is None:
        raise UnknownAgencyError
    return agency
