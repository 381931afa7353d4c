"""What the boards are given: numbers with their denominators. docs/boards.md defines each."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from intake.api.bodies import In
from intake.api.caller_schemas import Strike
from intake.api.out import Out
from intake.api.schemas import ReportSummary
from intake.api.shift_schemas import Desk
from intake.api.together_schemas import HandoverOfReports


class Lamp(Out):
    """How one part of the machines is. `unknown`: what would tell it is not heard. `codes`: why, as `/readyz` has them.

    `count`: of `queue` the telephones it can ring now; of `lanes` the agencies that do not get what they are owed.
    """

    name: Literal["trunk", "ami", "queue", "database", "lanes"]
    state: Literal["ok", "warn", "bad", "unknown"]
    codes: list[str]
    count: int | None


class Waiting(Out):
    """Callers who wait for a human now; `longest_since`: since when the first of them has."""

    count: int
    longest_since: datetime | None


class Operators(Out):
    """Open shifts by their state; the five add up to `shifts`. `without_shift`: telephones in a queue at which nobody
    has a shift. `other`: in no queue, unreachable, logged out, or the PBX is not heard.
    """

    shifts: int
    ready: int
    pause: int = Field(alias="break")
    talking: int
    wrap_up: int
    other: int
    without_shift: int


class Answering(Out):
    """`in_time` of `counted`: answered within `within_s` of arriving, of today's calls that were answered or waited
    longer. `gave_up` (ended unanswered before that) and `unknown` (no times are known) are not in `counted`.
    `target`: the share that is aimed at.
    """

    within_s: int
    target: float
    in_time: int
    counted: int
    gave_up: int
    unknown: int


class Today(Out):
    """Calls that arrived since the centre's midnight: `abandoned` and `unanswered` (otherwise) are of `ended`."""

    since: datetime
    arrived: int
    ended: int
    abandoned: int
    unanswered: int
    answering: Answering


class Unaccepted(Out):
    """A dispatch that nobody at the agency has answered."""

    report: str
    agency: str
    priority: str | None
    kind: str | None
    exercise: bool
    since: datetime
    accept_by: datetime
    overdue: bool


class Dispatches(Out):
    """Dispatches that nobody has accepted; `oldest` are the first of them, the oldest first.

    `rejected`: those that their agency rejected, or accepted and gave up, and after which nobody else has the report;
    `silent`: those that were accepted and whose agency says nothing any more. Neither is among `unaccepted`.
    """

    unaccepted: int
    overdue: int
    rejected: int
    silent: int
    oldest: list[Unaccepted]


class Hour(Out):
    """A local hour of today. `calls` null: it is still to come. `mean` null: no whole day was counted yet."""

    hour: int
    calls: int | None
    mean: float | None


class Hours(Out):
    """Calls by the local hour in which they arrived, and the mean of the `days` whole days before today."""

    days: int
    of: list[Hour]


class Wallboard(Out):
    """The numbers of the wallboard, as of `as_of`; `now` is the server's time. It holds nothing of callers."""

    now: datetime
    as_of: datetime
    waiting: Waiting
    operators: Operators
    today: Today
    dispatches: Dispatches
    hours: Hours
    lamps: list[Lamp]


class OpenReports(Out):
    """Reports that are not closed, and of these: with a dispatch that nobody accepted, with one that is overdue, with
    one that was rejected or given up and that nobody follows, with one whose agency fell silent, and on which nobody
    has worked. `first`: overdue and rejected dispatches first, then silent ones, then unaccepted ones, then the oldest.
    """

    total: int
    unaccepted: int
    overdue: int
    rejected: int
    silent: int
    untouched: int
    first: list[ReportSummary]


class WorklistTotals(Out):
    """Open items of the worklist: `owed` a call back (`unowned`: nobody took them), and not."""

    owed: int
    unowned: int
    oldest_due_at: datetime | None
    not_owed: int
    without_number: int = Field(description="callers of the last 24 h whom nobody can call back: there is no number")


class BoardAlarm(Out):
    """Something is wrong. `source`: database, schema, bridge, control, routing, web. `bad`: calls or dispatches are
    held up by it. `agency`, `since`, `count` (letters that it is owed, or refuses): where that is known.
    """

    code: str
    source: str
    pbx: str | None
    bad: bool
    agency: str | None
    since: datetime | None
    count: int | None
    message: str
    values: dict[str, str | float] = Field(description="what is in the blanks of the code's sentence, as in /readyz")


class Supervision(Out):
    """Everything that a supervisor looks at, of one moment. `strikes`: those that wait for a second person."""

    now: datetime
    desks: list[Desk]
    calls: list[ReportSummary]
    open: OpenReports
    worklist: WorklistTotals
    strikes: list[Strike]
    handovers: list[HandoverOfReports]
    lamps: list[Lamp]
    alarms: list[BoardAlarm]


class TakenOver(Out):
    """A report is the supervisor's now; `of`: whose it was."""

    number: str
    of: list[str]


class WallIn(In):
    """What a screen is called."""

    name: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,38}[A-Za-z0-9])?$", min_length=1, max_length=40)
    ]


class Wall(Out):
    """A screen whose link counts."""

    name: str
    made_at: datetime


class NewWall(Wall):
    """A screen's link, shown this once."""

    url: str


class Walls(Out):
    """The screens whose links count, the oldest first."""

    walls: list[Wall]
