"""What the API takes and gives of shifts and desks. Names are promised to other tools: add fields, rename none."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from intake.api import bodies
from intake.api.bodies import In
from intake.api.out import Out
from intake.duty import AtPbx, State, Wish

Reason = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,80}$"), AfterValidator(bodies.storable_text)]


class ShiftIn(In):
    """At which telephone a shift begins: one of INTAKE112_DESKS."""

    device: bodies.Device
    pbx: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = Field(
        None, description="needed where there are several"
    )


class WishIn(In):
    """What is to become of one's telephone; `reason` is why there is a break."""

    state: Wish
    reason: Reason | None = None


class DeskDifference(Out):
    """Where what was wished at the desk and what the PBX says differ; `message` says it in a sentence.

    `not_heard`: nobody listens to the PBX now. `not_asked`: nobody can ask it now. `refused`: it would not.
    `not_confirmed`: it has not shown it yet. `changed_at_pbx`: it did, and was changed by somebody else since.
    `unreachable`: the telephone is not there.
    """

    code: Literal["not_heard", "not_asked", "refused", "not_confirmed", "changed_at_pbx", "unreachable"]
    message: str


class DeskQueue(Out):
    """What the PBX last said of a telephone in one queue; `name` is whom it shows there."""

    queue: str
    name: str
    paused: bool
    reason: str | None
    reachable: bool
    at: datetime


class Desk(Out):
    """A telephone and who sits there; `user` null: nobody has a shift, and yet a queue has it as a member.

    `state` is what is so: `talking` (about `report`), `wrap-up` after it, else what the PBX says: `ready`, `break`,
    `absent` (in no queue), `unreachable`. `unknown`: the PBX is not heard now, `at_pbx` is what it last said. `gone`:
    the person is logged in nowhere any more. `wished` is what was asked at the desk. `session_until`: then the person's
    last session ends, and the shift with it, unless they write in its last hours (then it moves, to 24 h at most).
    """

    shift: str | None
    user: str | None
    pbx: str
    device: str
    state: State | Literal["unknown", "gone"]
    reason: str | None
    since: datetime
    report: str | None
    wrap_up_until: datetime | None
    begun_at: datetime | None
    wished: Wish | None
    wished_reason: str | None
    wished_at: datetime | None
    at_pbx: AtPbx
    difference: DeskDifference | None
    queues: list[DeskQueue]
    session_until: datetime | None


class Desks(Out):
    """Every telephone at which somebody sits, or that a queue has; `now` is the server's time.

    `devices`: the telephones at which a shift can begin (INTAKE112_DESKS), manned or not.
    """

    now: datetime
    desks: list[Desk]
    devices: list[str]


class Ended(Out):
    """A shift is over."""

    ended: Literal[True] = True
