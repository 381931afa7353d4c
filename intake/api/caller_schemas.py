"""What the API takes and gives about callers: history, links, strikes, pilot numbers, rules, the worklist."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from intake.api.bodies import Code, Device, In, Number, storable_text
from intake.api.out import Out
from intake.report import Classification
from intake.steps import Status
from intake.worklist import Because, Step

Note = Annotated[str, StringConstraints(max_length=1000), AfterValidator(storable_text)]
Reason = Annotated[
    str, StringConstraints(min_length=3, max_length=200, strip_whitespace=True), AfterValidator(storable_text)
]
ReportNumber = Annotated[str, StringConstraints(pattern=r"^112-[0-9]{8}-[0-9]{4,9}$")]
Hours = Annotated[int, Field(ge=1, le=720)]
Digits = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{1,8}$")]


class Link(Out):
    """A later report (`report`) belongs to an earlier one (`to`). `rule`: what made it, null: a person."""

    id: str
    report: str
    to: str
    rule: Literal["same_number"] | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None


class Links(Out):
    """A report's links in both directions, undone ones too, the oldest first."""

    links: list[Link]


class LinkIn(In):
    """The other report; whichever was opened later is linked to the earlier one."""

    to: ReportNumber


class Strike(Out):
    """A number was a nuisance. It marks the number while `holds`, and never stops a call.

    `note`: children, a telephone in a pocket. Asked for by one person, it holds once another has confirmed it.
    """

    id: str
    report: str
    note: str | None
    holds: bool
    asked_at: datetime
    asked_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    expires_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None


class Strikes(Out):
    """Strikes asked for within the days of the history, the newest first."""

    strikes: list[Strike]


class StrikeIn(In):
    """Why it should be marked: what the next operator should know."""

    note: Note | None = None


class LiftIn(In):
    """Why a strike is lifted."""

    because: Reason


class PastReport(Out):
    """Another report of the same number. `linked`: to the report that was asked for."""

    number: str
    opened_at: datetime
    status: Status
    classification: Classification = Field(alias="class")
    kind: str | None
    location_text: str | None
    outcome: Literal["answered", "abandoned", "overflow", "failed"] | None
    linked: bool


class Tally(Out):
    """How many of a number's reports since a time are of each class, and how many calls nobody answered."""

    since: datetime
    normal: int
    ghost: int
    prank: int
    information: int
    unanswered: int


class CallerHistory(Out):
    """What is known of a report's caller by the number.

    `takes_part`: false where the number is surely nobody's own (`why`); `advice` then says what to do. `marked`: a
    strike holds; the call rings like any other. `reports`: the newest 20, those not closed first. `worklist`: the open
    item that holds calls of this number.
    """

    number: str | None
    takes_part: bool
    why: Literal["no_number", "pilot", "test"] | None
    advice: str | None
    pilot: str | None
    total: int
    not_closed: int
    tally: Tally
    reports: list[PastReport]
    marked: bool
    strikes: list[Strike]
    worklist: str | None


class RingingCaller(Out):
    """What the queue shows beside a number: see CallerHistory. `open_report`: the newest that is not closed."""

    report: str
    takes_part: bool
    why: Literal["no_number", "pilot", "test"] | None
    advice: str | None
    tally: Tally | None
    not_closed: int
    open_report: str | None
    marked: bool


class RingingCallers(Out):
    """Of the calls in progress, the first caller first."""

    callers: list[RingingCaller]


class Pilot(Out):
    """A number behind which are many people: it takes part in no history, link or strike."""

    id: str
    number: str
    name: str
    marked_at: datetime
    marked_by: str


class Pilots(Out):
    """All of them, by name."""

    pilots: list[Pilot]


class PilotIn(In):
    """A number in any written form, and whose it is."""

    number: Number
    name: Annotated[
        str, StringConstraints(min_length=2, max_length=200, strip_whitespace=True), AfterValidator(storable_text)
    ]


class TrunkNumbers(In):
    """How a trunk writes numbers: `strip` comes before all of them, `area` (`0328`) is left out before local ones, and
    what goes out over it begins like `out`: +62…, 62…, or 0…"""

    strip: Digits | None = None
    area: Digits | None = None
    out: Literal["e164", "digits", "national"] = "e164"


class CallerRules(In):
    """What a centre sets about callers; each has a value when it is not sent.

    A call shorter than `short_call_s` is owed a call back when there are `short_calls_owed` of them, none more than
    `short_calls_forgotten_h` after the one before. `daily_cap` warns; nothing is left out.
    """

    short_call_s: Annotated[int, Field(ge=0, le=60)] = 5
    short_calls_owed: Annotated[int, Field(ge=1, le=100)] = 3
    short_calls_forgotten_h: Hours = 24
    call_back_within_s: Annotated[int, Field(ge=10, le=86_400)] = 300
    call_back_tries: Annotated[int, Field(ge=1, le=20)] = 3
    daily_cap: Annotated[int, Field(ge=1, le=100_000)] = 200
    link_within_h: Hours = 24
    history_days: Annotated[int, Field(ge=1, le=366)] = 30
    first_strike_h: Hours = 24
    strike_h: Hours = 72
    trunks: Annotated[
        dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._+-]{1,128}$")], TrunkNumbers],
        Field(default_factory=dict, max_length=100),
    ]


class RulesIn(In):
    """All rules; what is not sent gets its usual value."""

    based_on: Annotated[int, Field(ge=0, le=2**31 - 2)] = Field(description="the version you saw")
    rules: CallerRules


class Rules(Out):
    """The rules that hold, and their version."""

    version: int
    rules: CallerRules


class DoneStep(Out):
    """What somebody did about an item. Of a call back: its request, and how that ended (null: it has not)."""

    at: datetime
    by: str
    step: Step | Literal["call_back"]
    control: str | None
    result: str | None
    note: str | None


class Item(Out):
    """Callers whom nobody talked to: one item for each number and open spell, however often it rang.

    `owed_at` null: its calls were short and not repeated. `due_at`: by then somebody should have called back.
    `tries`: calls back that reached nobody, of `tries_needed` before one may give up; `next_step` is what comes now,
    null when it is closed. `not_closed`: those of `reports` that are not.
    """

    id: str
    number: str | None
    reports: list[str]
    not_closed: list[str]
    reason: Literal["abandoned", "failed", "unknown", "overflow", "silent"]
    rings: int
    short_rings: int
    first_at: datetime
    last_at: datetime
    owed_at: datetime | None
    due_at: datetime | None
    overdue: bool
    owner: str | None
    taken_at: datetime | None
    tries: int
    tries_needed: int
    next_step: Literal["call_back", "message", "search", "close"] | None
    steps: list[DoneStep]
    closed_at: datetime | None
    closed_by: str | None
    closed_because: str | None
    note: str | None


class Worklist(Out):
    """Items, those that rang most often first, then the oldest. `owed`, `not_owed`: all that are open.

    `without_number`: calls of the last 24 hours that nobody answered and that gave no number: their reports are all
    there is. `owed_24h` above `daily_cap` is an alarm; nothing is left out.
    """

    now: datetime
    owed: int
    not_owed: int
    without_number: int
    owed_24h: int
    daily_cap: int
    items: list[Item]


class TakeIn(In):
    """`over`: take it even from somebody else."""

    over: bool = False


class StepIn(In):
    """What was done: a message was sent, or the same number or place looked for."""

    step: Step
    note: Note | None = None


class ReportsEndIn(In):
    """How an item's reports end; `disposition`: the first that fits the class when none is sent (not of `normal`)."""

    classification: Classification = Field("ghost", alias="class")
    disposition: Code | None = None


class CloseIn(In):
    """Why nobody must be called back any more; `unreachable` only after enough tries.

    `reports`: close those of its reports, too, on which nobody has worked. Without `because` these alone, of an item
    that is closed.
    """

    because: Because | None = None
    note: Note | None = None
    reports: ReportsEndIn | None = None

    @model_validator(mode="after")
    def _is_something(self) -> "CloseIn":
        if self.because is None and self.reports is None:
            raise ValueError("send because, or reports of an item that is closed")
        return self


class CallBackIn(In):
    """Whose telephone calls back: one of INTAKE112_DESKS; that of your own shift when none is sent."""

    device: Device | None = None
