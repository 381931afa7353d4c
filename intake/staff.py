"""What administrators do with the people who log in: add, change, disable them, end their sessions.

Whatever changes what a person may do (role, password, disabling) ends the person's sessions, and shift, at once. One
administrator who may log in always remains: the command line can disable even the last, the API cannot.
"""

from db import people
from db.engine import Transaction
from db.people import UserRow
from intake import access, handing_over, shifts
from intake.refusals import DeskError, StaleRowError


class UnknownUserError(DeskError, status=404):
    """There is nobody of this name. GET /api/v1/users lists everyone."""


class UnknownSessionError(DeskError, status=404):
    """There is no such session (any more). GET /api/v1/sessions lists those there are."""


class LastAdministratorError(DeskError, status=409):
    """Nobody else can log in as an administrator. Make somebody else one first."""


async def change(
    tx: Transaction,
    name: str,
    by: str,
    *,
    role: str | None = None,
    password_hash: str | None = None,
    disabled: bool | None = None,
    seen: int | None = None,
    spares_last: bool = True,
) -> UserRow:
    """Change a person's role or password, disable or enable them; what is None stays as it is.

    `seen`: the version that its writer had before them; None: whatever is there. Raises UnknownUserError,
    StaleRowError; LastAdministratorError unless the last one is not spared.
    """
    administrators = await people.lock_administrators(tx)
    before = await people.lock_user(tx, name)
    if before is None:
        raise UnknownUserError(f"There is nobody named {name}. GET /api/v1/users, or `user list`, shows everyone.")
    if seen is not None and before.version != seen:
        raise StaleRowError(before.version, _differing(before, role, disabled))
    values: dict[str, object] = {}
    if role is not None and role != before.role:
        values["role"] = access.staff_role(role)
    if password_hash is not None:
        values["password_hash"] = password_hash
    if disabled is not None and disabled is not (before.disabled_at is not None):
        values["disabled_at"] = tx.now if disabled else None
    if not values:
        return before
    no_longer = "role" in values or bool(values.get("disabled_at"))
    if spares_last and no_longer and administrators == [name]:
        raise LastAdministratorError
    await people.change_user(tx, name, values)
    subject = f"user:{name}"
    if "role" in values:
        tx.record(by, "user.role_changed", subject, role=role, before=before.role)
    if "password_hash" in values:
        tx.record(by, "user.password_set", subject)
    if "disabled_at" in values:
        tx.record(by, "user.disabled" if disabled else "user.enabled", subject)
    tx.tell("settings", "users")
    if values.get("disabled_at"):
        await handing_over.leave(tx, name, by)
    await shifts.end_gone(tx)
    after = await people.user(tx, name)
    if after is None:
        raise AssertionError("a locked person is not there")
    return after


def _differing(there: UserRow, role: str | None, disabled: bool | None) -> dict[str, dict[str, object]]:
    """Return what was sent and is not so, with both values; of a password nothing can be told."""
    both = {"role": (role, there.role), "disabled": (disabled, there.disabled_at is not None)}
    return {
        name: {"yours": yours, "theirs": theirs}
        for name, (yours, theirs) in both.items()
        if yours is not None and yours != theirs
    }


async def end_sessions(tx: Transaction, name: str, by: str) -> None:
    """End all sessions of a person at once. Raises UnknownUserError."""
    if await people.user(tx, name) is None:
        raise UnknownUserError
    await people.end_sessions(tx, name)
    tx.record(by, "user.sessions_ended", f"user:{name}")
    await shifts.end_gone(tx)


async def end_session(tx: Transaction, session_id: str, by: str) -> None:
    """End one session at once. Raises UnknownSessionError."""
    user = await people.end_session_called(tx, session_id)
    if user is None:
        raise UnknownSessionError
    tx.record(by, "user.session_ended", f"user:{user}", session=session_id)
    await shifts.end_gone(tx)
