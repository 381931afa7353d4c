"""An agency's keys: a new secret or token with a grace for the old one, the public half of its ed25519 key, and the
api_key by which an Open311 platform knows the centre.

A secret is changed while the line works: for the length of the grace both sign, so that the agency may take the new one
when it suits it, and what it signs with the old one is honoured. Every try reads the agency as it is then, so the next
try of what is owed already is signed anew. These functions never commit; the audit says that a secret was changed, and
never holds one.
"""

import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db import agencies, people
from db.agencies import AgencyRow
from db.engine import Transaction
from routing import outbox, signing
from routing.open311 import LONGEST_KEY
from routing.refusals import NotOpen311Error, UnfitApiKeyError, UnknownAgencyError

API_KEY: Final = re.compile(rf"[!-~]{{4,{LONGEST_KEY}}}")


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


async def renew_token(tx: Transaction, code: str, grace: timedelta, by: str) -> tuple[str, datetime | None]:
    """Give the agency a new token to answer with; the old one is honoured for `grace` (0: from now on no longer).

    Return the token, shown once, and until when the old one is honoured (None: no longer).
    Whoever asks says which, and where nobody does it is a day, as of a secret: a receiver is given its new token by
    hand, and whatever it answers in between must not be refused, for a refused answer looks like nobody's: its
    deadline passes, and the report goes on to another agency. A token that somebody else has wants 0 instead: with it
    an acceptance can be told that nobody has given, and then nothing goes up the ladder. Until the agency has the new
    one its people answer by signature, on the phone page or by telephone.

    Old tokens that are honoured still stay so until their own time: who asks twice, since the first answer was lost,
    cuts off nobody. 0 ends all of them, and so does a renewal of one that was disabled, whatever the grace.
    Raises UnknownAgencyError.
    """
    agency = await _find(tx, code)
    token = outbox.new_token()
    row = await people.lock_token(tx, code)
    if row is None or row.agency_id != agency.id:
        raise AssertionError("an agency has a token of its name since it was added")
    until = tx.now + grace if grace > timedelta(0) and row.disabled_at is None else None
    await people.renew_token(tx, row, outbox.token_hash(token), until)
    tx.record(by, "agency.token_renewed", code, honoured_until=until.isoformat() if until else None)
    tx.tell("agency", code)
    return token, until


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


async def set_api_key(tx: Transaction, code: str, api_key: str | None, by: str) -> None:
    """Let every try from now on carry this api_key; None: none. It is shown nowhere again.

    Raises UnknownAgencyError, NotOpen311Error, UnfitApiKeyError.
    """
    agency = await _find(tx, code)
    if agency.format != "open311":
        raise NotOpen311Error
    if api_key is not None and not API_KEY.fullmatch(api_key):
        raise UnfitApiKeyError
    await agencies.set_api_key(tx, agency.id, api_key)
    tx.record(by, "agency.api_key", code, is_set=api_key is not None)
    tx.tell("agency", code)


async def _find(tx: Transaction, code: str) -> AgencyRow:
    agency = await agencies.find(tx, code)
    if agency is None:
        raise UnknownAgencyError
    return agency
