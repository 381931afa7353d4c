"""What administrators do with machines' tokens: make, renew, disable. An agency's is renewed in `routing.keys`."""

from datetime import datetime, timedelta
from typing import Final

from db import people
from db.engine import Transaction
from intake import access, walls
from intake.refusals import DeskError
from intake.staff import LastAdministratorError
from routing import outbox

TOPIC: Final = "tokens"  # what of the settings has changed, on /live


class UnknownTokenError(DeskError, status=404):
    """There is no token of this name that is not disabled. GET /api/v1/tokens lists all."""


async def make(tx: Transaction, name: str, role: str, by: str) -> str:
    """Make a token for a machine and return it, this once. Raises NameTakenError, UnfitNameError."""
    token = await access.create_token(tx, name, role, by)
    tx.tell("settings", TOPIC)
    return token


class OthersTokenError(DeskError, status=409):
    """An agency's token is renewed at the agency, and a screen's link is made anew."""


async def renew(tx: Transaction, name: str, grace: timedelta, by: str) -> tuple[str, datetime | None]:
    """Give a machine a new token under its name, the source of its reports; the old one is honoured for `grace`.

    Return the token, shown once, and until when the old one is honoured (None: no longer, as after a grace of 0). One
    that was disabled counts again by its new token alone. Raises UnknownTokenError, OthersTokenError.
    """
    row = await people.lock_token(tx, name)
    if row is None:
        raise UnknownTokenError(f"There is no token named {name}. GET /api/v1/tokens, or `token list`, shows all.")
    if row.agency_id is not None or row.role == walls.ROLE:
        raise OthersTokenError
    token = outbox.new_token()
    until = tx.now + grace if grace > timedelta(0) and row.disabled_at is None else None
    await people.renew_token(tx, row, outbox.token_hash(token), until)
    tx.record(by, "token.renewed", f"token:{name}", honoured_until=until.isoformat() if until else None)
    tx.tell("settings", TOPIC)
    return token, until


async def disable(tx: Transaction, name: str, by: str, *, spares_last: bool = True) -> None:
    """Let a token count no more, at once, with the one before it if it was renewed. Its name stays taken.

    Any kind of token: an agency answers by signature and on its phone page meanwhile, and gets another token by
    `keys.renew_token`; a screen's link is revoked. Raises UnknownTokenError; LastAdministratorError when nobody could
    administer by the API any more, no person and no other token, unless the last one is not spared.
    """
    administrators = await people.lock_administrators(tx)
    of_machines = await people.lock_admin_tokens(tx)
    row = await people.lock_token(tx, name)
    if row is None or row.disabled_at is not None:
        raise UnknownTokenError(
            f"There is no token named {name} that is not disabled. GET /api/v1/tokens, or `token list`, shows all."
        )
    if spares_last and not administrators and of_machines == [name]:
        raise LastAdministratorError(
            f"{name} is the only administrator there is. Add a person who is one first, or another such token."
        )
    if row.role == walls.ROLE:
        await walls.revoke(tx, name, by)
    else:
        await people.disable_token(tx, name)
        tx.record(by, "token.disabled", f"token:{name}")
    tx.tell("settings", TOPIC)
