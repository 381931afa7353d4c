"""What the API gives. Names are promised to other tools: add fields, rename none."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from intake.api.dispatch_schemas import Dispatch
from intake.api.location_schemas import Location, WholeLocation
from intake.api.out import Out
from intake.facts import CallBackResult
from intake.report import Classification, Priority
from intake.steps import Status, Step, Told


class Caller(Out):
    """`number` is E.164 when valid, else null; `number_raw` is what the carrier sent, and stays.

    Where a person wrote another number (`caller_typed` of the report), `number` is of that.
    """

    number: str | None
    number_raw: str | None
    name: str | None
    withheld: bool | None


class Operator(Out):
    """Who answered first; `user` is who was bound to the device at that second."""

    user: str | None
    member: str | None
    device: str | None


class Leg(Out):
    """A spell of waiting (`queue`), a phone that rang for the caller (`operator`, `agency`), or one that called back.

    `taken`: a human answered it; `answered_at` is null then when nobody knows the time.
    """

    key: str
    kind: str
    device: str | None
    member: str | None
    user: str | None
    from_at: datetime = Field(alias="from")
    taken: bool
    answered_at: datetime | None
    to_at: datetime | None = Field(alias="to")
    cause: str | None


class CallSummary(Out):
    """A call as lists show it. `waited_s` goes on while the caller waits; null when nobody knows."""

    pbx: str
    uniqueid: str
    linkedid: str | None
    trunk: str | None
    dialled: str | None
    stage: Literal["arrived", "queued", "overflow", "talking", "held", "transferred", "ended"]
    outcome: Literal["answered", "abandoned", "overflow", "failed"] | None
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    waited_s: float | None
    operator: Operator | None
    hangup_cause: str | None
    recovered: bool


class Recording(Out):
    """The sound of a call or a message: how long it is, what is wrong with it. `heard`: GET …/recording gives it."""

    heard: bool
    seconds: float | None
    fault: Literal["missing", "short", "unreadable"] | None
    kept_at: datetime


class NetworkPosition(Out):
    """Where the caller's network says that he is, as it came with the call; nobody here has checked it.

    `radius_m` in metres; `method` in the network's words (`Cell`, `GPS`); `at` by its clock, `heard_at` by the PBX's.
    `civic`: an address; `reference`: where a position could be asked for, and is not.
    """

    lat: float | None
    lon: float | None
    radius_m: float | None
    method: str | None
    at: datetime | None
    heard_at: datetime
    provided_by: str | None
    civic: str | None
    reference: str | None
    source: Literal["PIDF-LO"]


class Call(CallSummary):
    """A call with its legs, its recording once that is kept, and what the trunk said of the caller, as it came.

    `message`: what the caller left with the voice menu. `call_back_owed`: it promised one, and nobody has talked to the
    caller since, or closed the worklist's item.
    """

    metadata: dict[str, str | None]
    position: NetworkPosition | None
    legs: list[Leg]
    recording: Recording | None
    message: Recording | None
    call_back_owed: bool


class Entry(Out):
    """An entry, written in pen: struck, it stays."""

    id: str
    at: datetime
    author: str
    automatic: bool
    text: str
    struck_at: datetime | None
    struck_by: str | None


class Versioned(Out):
    """What has versions: its ETag is what If-Match takes."""

    version: int


class Flags(Out):
    """What a crew must know first; null: nobody has said. `no_road`: on an island without a road."""

    hurt: bool | None
    trapped: bool | None
    fire_spreading: bool | None
    weapon: bool | None
    child: bool | None
    no_road: bool | None


class Handover(Out):
    """The last time a report was handed over at the end of a shift; `to` null: to whoever takes it."""

    id: str
    at: datetime
    from_user: str = Field(alias="from")
    to_user: str | None = Field(alias="to")
    note: str
    taken_at: datetime | None
    taken_by: str | None


class GuideAnswer(Out):
    """What the caller answered to a question of the kind's guide."""

    question: str
    answer: str
    weight: int
    at: datetime
    by: str


class ReportSummary(Versioned):
    """A report as lists show it: without entries and legs.

    `disposition`: how it ended (GET /api/v1/dispositions). `caller_told`: whether who closed it, or will, could tell
    the caller; of what agencies called resolved, that is the check.
    """

    number: str
    status: Status
    classification: Classification = Field(alias="class")
    kind: str | None
    priority: Priority | None
    source: str
    external_id: str | None
    exercise: bool
    opened_at: datetime
    caller: Caller
    caller_typed: str | None = Field(description="what a person wrote as the caller's number; null: nobody did")
    location: Location
    narrative: str | None
    flags: Flags
    disposition: str | None
    caller_told: Told | None
    duplicate_of: str | None = Field(description="the number of the head that it is joined to")
    joined: int = Field(description="how many reports are joined to it")
    call: CallSummary | None
    dispatches: list[Dispatch]


class Report(ReportSummary):
    """A whole report. `steps`: those that people may take now. `guide`: answers to the guide of its present kind."""

    call: Call | None
    location: WholeLocation
    entries: list[Entry]
    steps: list[Step]
    guide: list[GuideAnswer]
    handover: Handover | None


class Control(Out):
    """What was asked of the PBX. `asked`: nobody began yet; it is done within 10 s of that, or not at all.

    `result`: `done`; `refused` by the PBX; `call_over`; `too_late`; `unknown`: it broke off, look whether it happened.
    Of a call back, done when the caller answered, also: `busy`, `no_answer`, `unreachable`; `cancelled`: the desk hung
    up first; `desk_busy`, `desk_no_answer`, `desk_unreachable`: the desk's own telephone.
    """

    id: str
    pbx: str
    action: Literal[
        "hang-up",
        "transfer",
        "consult",
        "consult-cancel",
        "consult-join",
        "consult-complete",
        "call-back",
        "member-add",
        "member-remove",
        "member-pause",
        "member-unpause",
        "member-ready",
    ]
    state: Literal["asked", "begun", "done", "failed"]
    asked_at: datetime
    asked_by: str
    begun_at: datetime | None
    ended_at: datetime | None
    result: Literal["done", "call_over", "too_late"] | CallBackResult | None
    detail: str | None


class ReportPage(Out):
    """Reports, the newest first; `next` is the cursor of the older ones, null at the end."""

    reports: list[ReportSummary]
    next: str | None


class OpenPage(Out):
    """Reports that are not closed, the newest first, and how many there are of them in all; `next` as in ReportPage."""

    total: int
    reports: list[ReportSummary]
    next: str | None


class Calls(Out):
    """The calls in progress, the longest waiting first; `now` is the server's time."""

    now: datetime
    calls: list[ReportSummary]


class Words(Out):
    """A name in both languages."""

    id: str
    en: str


class Alarm(Out):
    """What is wrong now: a code for programs, and a sentence that says what to do.

    `values` is what the sentence names, for pages that say it in their own words: times end in `_at`, seconds in `_s`.
    """

    code: str
    message: str
    values: dict[str, str | float]


class ServiceAlarm(Alarm):
    """An alarm, and whose it is."""

    service: str


class Service(Out):
    """What a service last said of itself; `fresh`: not longer ago than it promised."""

    name: str
    state: str
    detail: str
    figures: dict[str, float]
    alarms: list[Alarm]
    since: datetime
    seen_at: datetime
    fresh: bool


class State(Out):
    """One consistent look: everything up to event `seq` is in it. Then read `/api/v1/live?after=SEQ`.

    `reports`: the newest of those that are not closed; `/api/v1/open-reports?after=NEXT` has the older ones.
    """

    seq: int
    now: datetime
    calls: list[ReportSummary]
    reports: list[ReportSummary]
    next: str | None
    open_reports: int
    services: list[Service]


class Check(Out):
    """One thing that must be well, and what to do when it is not."""

    name: str
    ok: bool
    message: str


class Ready(Out):
    """Whether calls become reports and reports reach agencies.

    `alarms`: what services say is wrong; calls become reports all the same. `notes`: limits of this installation, and
    `lacks` their codes in the same order. `version`: of the server that answers.
    """

    ready: bool
    version: str
    checks: list[Check]
    alarms: list[ServiceAlarm]
    notes: list[str]
    lacks: list[str]


class Alive(Out):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class Problem(Out):
    """What went wrong: a code for programs, and a sentence that says what to do."""

    error: str
    message: str
    field: str | None = Field(None, description="the field that was refused")
    why: str | None = Field(
        None, description="of a field that was refused: the rule, by Pydantic's name; of a map file: what is wrong"
    )
    found: dict[str, str] | None = Field(None, description="of a map file that was refused: what was found in it")
    limit: float | None = Field(None, description="of such a rule: its number, if it has one")
    allowed: list[Step] | None = Field(None, description="of a step that is not allowed: those that are")
    status: Status | None = Field(None, description="of a step that is not allowed: the status it does not follow")
    held_by: list[str] | None = Field(None, description="of a step that is not allowed: agencies that have it still")


class Sides(Out):
    """Both values of a field."""

    yours: str | bool | float | None
    theirs: str | bool | float | None


class Conflict(Problem):
    """Which fields others changed meanwhile; null where that is not told, and for a version that never was."""

    current_version: int | None = None
    conflicts: dict[str, Sides] | None = None
