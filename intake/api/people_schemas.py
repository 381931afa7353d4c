"""People and their sessions on the wire, in and out."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from intake.access import LONGEST_PASSWORD, SHORTEST_PASSWORD
from intake.api.bodies import In, storable_text
from intake.api.out import Out
from intake.api.schemas import Versioned

StaffRole = Literal["operator", "supervisor", "admin"]
UserName = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(storable_text)]
Password = Annotated[
    str,
    StringConstraints(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD, pattern=r"\S"),
    AfterValidator(storable_text),
]


class UserIn(In):
    """A person who is to log in."""

    name: UserName
    role: StaffRole
    password: Password


class UserChangeIn(In):
    """What is to change of a person; each of it ends the person's sessions at once."""

    role: StaffRole | None = None
    password: Password | None = None
    disabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.role is None and self.password is None and self.disabled is None:
            raise ValueError("send `role`, `password` or `disabled`")
        return self


class User(Versioned):
    """A person who logs in, or may not any more."""

    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None


class Users(Out):
    """Everyone, by name."""

    users: list[User]


class Session(Out):
    """A live session: whose, since when, and from which address it was begun. Its `id` opens nothing."""

    id: str
    user: str
    created_at: datetime
    expires_at: datetime
    address: str | None


class Sessions(Out):
    """The live sessions, the newest first."""

    sessions: list[Session]


class Done(Out):
    """It is done."""

    done: bool = True
