"""What the API gives. Names are promised to other tools: add fields, rename none."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from intake.facts import CallBackResult
from intake.report import Classification, Priority, Status


class Out(BaseModel):
    """Something that goes out; fields that are not set are null, never missing."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Caller(Out):
    """`number` is E.164 when valid, else null; `number_raw` is what the carrier sent."""

    number: str | None
    number_raw: str | None
    name: str | None
    withheld: bool | None


class Location(Out):
    """Where it is."""

    text: str | None
    lat: float | None
    lon: float | None


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
    caller since.
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


class Delivery(Out):
    """How far the webhooks of a dispatch are: that of the envelope it waits for, the newest when it waits for none.

    `pending`; `failing`: tried in vain, and tried again at `next_try_at`; `delivered`; `withdrawn`: needless before
    any receiver took it, see `cause`; `dead`: nobody tries any more, see `cause`; POST …/send-again makes it due.
    """

    state: Literal["pending", "failing", "delivered", "withdrawn", "dead"]
    cause: Literal["dispatch_cancelled", "report_closed", "report_reopened", "agency_removed"] | None
    type: Literal["dispatch.created", "report.updated", "dispatch.cancelled", "report.closed"]
    sequence: int
    tries: int = Field(description="those that were begun")
    last_outcome: str | None = Field(description="of the last try that ended: status_200, timeout, dns, …")
    next_try_at: datetime | None = Field(description="null when no try is to come")


class Dispatch(Out):
    """A report at an agency. Delivered is not accepted: only an answer says that a person has it."""

    id: str
    agency: str
    state: Literal[
        "queued", "sent", "delivered", "accepted", "rejected", "en_route", "on_scene", "resolved", "cancelled"
    ]
    sequence: int
    created_at: datetime
    created_by: str
    accept_by: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    accepted_at: datetime | None
    rejected_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    resolved_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    answered_by: str | None
    note: str | None
    escalation: int = Field(description="steps of the ladder that were taken: 0 none, 1 overdue, 2 the next agency too")
    overdue: bool = Field(description="`accept_by` has passed and nobody there has answered")
    delivery: Delivery | None = Field(description="null when no envelope of it is kept")
    rule_version: int | None = Field(description="the version of the rules that proposed it; null: no rule did")
    rule_number: int | None = Field(description="which rule of that version")
    escalate_at: datetime | None = Field(description="when the next step is due, unless they are heard before")
    heard_at: datetime | None = Field(description="when they last answered anything")
    asked: int = Field(description="how often they were asked in vain since; above 0: they accepted and fell silent")


class ReportSummary(Out):
    """A report as lists show it: without entries and legs."""

    number: str
    version: int
    status: Status
    classification: Classification = Field(alias="class")
    kind: str | None
    priority: Priority | None
    source: str
    external_id: str | None
    exercise: bool
    opened_at: datetime
    caller: Caller
    location: Location
    narrative: str | None
    call: CallSummary | None
    dispatches: list[Dispatch]


class Report(ReportSummary):
    """A whole report."""

    call: Call | None
    entries: list[Entry]


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


class Calls(Out):
    """The calls in progress, the longest waiting first; `now` is the server's time."""

    now: datetime
    calls: list[ReportSummary]


class Dispatches(Out):
    """Dispatches of a report."""

    dispatches: list[Dispatch]


class Proposed(Out):
    """An agency that should have the report by a rule (number `rule` of version `rule_version`); `has_it` when it has.

    Not `certain`: the rule hangs on a place or a priority that the report does not have yet. `chosen`: it goes there
    when the desk names no agencies.
    """

    agency: str
    name: str
    accept_within_s: int
    has_it: bool
    rule: int
    rule_version: int | None
    certain: bool
    chosen: bool


class Proposals(Out):
    """Who should have a report by the rules. `removed`: agencies that rules for it name, and that are no more."""

    proposed: list[Proposed]
    removed: list[str]


class Words(Out):
    """A name in both languages."""

    id: str
    en: str


class Kind(Out):
    """A kind of report, with the priority it has when nobody judged otherwise."""

    code: str
    name: Words
    priority: str


class Kinds(Out):
    """The kinds in their order."""

    kinds: list[Kind]


class Alarm(Out):
    """What is wrong now: a code for programs, and a sentence that says what to do."""

    code: str
    message: str


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
    """One consistent look: everything up to event `seq` is in it. Then read `/api/v1/live?after=SEQ`."""

    seq: int
    now: datetime
    calls: list[ReportSummary]
    reports: list[ReportSummary]
    services: list[Service]


class KeptAnswer(Out):
    """An answer as it came. `applied` false: it was late or repeated, and moved nothing.

    `via` is how it came, null when nobody wrote that down yet; `recorded_by` who at the centre wrote down a call.
    """

    received_at: datetime
    answer: Literal["accepted", "rejected", "en_route", "on_scene", "resolved"]
    by: str | None
    at: datetime | None
    sequence: int | None
    note: str | None
    applied: bool
    via: Literal["api", "signed", "body", "page", "telephone"] | None
    recorded_by: str | None


class KeptAnswers(Out):
    """All that an agency said to a dispatch, the first answer first."""

    answers: list[KeptAnswer]


class Answered(Out):
    """What an answer did: `applied` false means that it was kept and moved nothing. `dispatch` is as it is now.

    An answer sent again with its key is told what it did the first time.
    """

    applied: bool
    dispatch: Dispatch


class Check(Out):
    """One thing that must be well, and what to do when it is not."""

    name: str
    ok: bool
    message: str


class Ready(Out):
    """Whether calls become reports and reports reach agencies.

    `alarms`: what services say is wrong; calls become reports all the same. `notes`: limits of this installation.
    """

    ready: bool
    checks: list[Check]
    alarms: list[ServiceAlarm]
    notes: list[str]


class Alive(Out):
    """The process is alive."""

    status: Literal["ok"]
    version: str


class Problem(Out):
    """What went wrong: a code for programs, and a sentence that says what to do."""

    error: str
    message: str
    field: str | None = Field(None, description="the field that was refused")


class Sides(Out):
    """Both values of a field."""

    yours: str | float | None
    theirs: str | float | None


class Conflict(Problem):
    """Which fields others changed meanwhile; both null when If-Match names a version that never was."""

    current_version: int | None = None
    conflicts: dict[str, Sides] | None = None
