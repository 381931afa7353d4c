"""Screens on the wall: each has a link of its own that shows the wallboard's numbers and opens nothing else.

The link is `/papan/layar#TOKEN`. What stands behind `#` no browser sends with an address, so it is in no log and in no
Referer; the page sends it as a bearer token. It is a token of the role `wall`, kept as its SHA-256 alone: who loses a
link revokes it and makes another.
"""

import re
from typing import Final

from db import people
from db.engine import Transaction
from db.people import TokenRow
from intake.access import check_free
from intake.refusals import DeskError, NameTakenError
from routing.outbox import new_token, token_hash

ROLE: Final = "wall"
NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9])?", re.ASCII)
PAGE: Final = "/papan/layar"


class UnfitWallError(DeskError):
    """A screen's name has 1 to 40 of A-Z, a-z, 0-9, space, dot, dash and underscore, and no space at its ends."""


class UnknownWallError(DeskError, status=404):
    """There is no screen of this name whose link counts. GET /api/v1/walls lists those there are."""


async def make(tx: Transaction, name: str, by: str, public_url: str) -> tuple[TokenRow, str]:
    """Make a screen's link and return it, this once. Raises UnfitWallError, NameTakenError."""
    if not NAME.fullmatch(name):
        raise UnfitWallError
    check_free(name)
    token = new_token()
    if await people.is_taken(tx, name) or not await people.add_token(tx, name, ROLE, token_hash(token)):
        raise NameTakenError(f"There is, or was, somebody or something named {name}. Choose another name.")
    tx.record(by, "wall.made", f"wall:{name}")
    tx.tell("settings", f"wall:{name}")
    row = next(one for one in await people.tokens_of_role(tx, ROLE) if one.name == name)
    return row, f"{public_url.rstrip('/')}{PAGE}#{token}"


async def revoke(tx: Transaction, name: str, by: str) -> None:
    """Let a screen's link count no more, at once. Raises UnknownWallError."""
    there = {one.name for one in await people.tokens_of_role(tx, ROLE)}
    if name not in there or not await people.disable_token(tx, name):
        raise UnknownWallError
    tx.record(by, "wall.revoked", f"wall:{name}")
    tx.tell("settings", f"wall:{name}")
