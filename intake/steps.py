"""Which step of a report may follow which: one table, for people, programs and screens.

    open -> working -> dispatched -> resolved -> closed -> reopened

`resolved` is the agency's word, `closed` the centre's: it closes what agencies called resolved once somebody has
checked that with the caller, or could not reach him. What is no emergency closes at once. Nothing closes by itself.
"""

from collections.abc import Collection
from typing import Final, Literal, get_args

from intake.refusals import IllegalStepError, NoDispositionError, NotTakenOverError, NotVerifiedError

Status = Literal["open", "working", "dispatched", "resolved", "closed", "reopened"]
Step = Literal["work", "dispatch", "resolve", "close", "not_ours", "reopen"]
Told = Literal["told", "unreachable"]

MAY: Final[dict[Status, tuple[Step, ...]]] = {
    "open": ("work", "dispatch", "resolve", "close"),
    "working": ("dispatch", "resolve", "close"),
    "dispatched": ("dispatch", "resolve", "not_ours"),
    "resolved": ("close", "not_ours", "reopen"),
    "closed": ("reopen",),
    "reopened": ("work", "dispatch", "resolve", "close"),
}
"""The steps that people may take."""
OF_JOINED: Final[tuple[Step, ...]] = ("work",)
"""Those of them that a report which is joined to another takes for itself."""
LEADS_TO: Final[dict[Step, Status]] = {
    "work": "working",
    "dispatch": "dispatched",
    "resolve": "resolved",
    "close": "closed",
    "not_ours": "closed",
    "reopen": "reopened",
}
HOW: Final[dict[Step, str]] = {
    "work": "set it working",
    "dispatch": "send it to an agency (POST to its dispatches)",
    "resolve": "set it resolved when the agency says so",
    "close": "close it (POST to its close)",
    "not_ours": "close it as not ours, when a neighbouring centre has accepted it (POST to its not-ours)",
    "reopen": "reopen it (POST to its reopen)",
}
BY_PATCH: Final[dict[Status, Step]] = {
    "working": "work",
    "resolved": "resolve",
    "closed": "close",
    "reopened": "reopen",
}
"""The steps that a change of `status` takes."""


def known(value: object) -> Status:
    """Return the value if it is one of the six statuses. Raises ValueError."""
    found = next((word for word in get_args(Status) if word == value), None)
    if found is None:
        raise ValueError(f"{value!r} is no status of a report")
    word: Status = found
    return word


def may(now: str, *, joined: bool) -> tuple[Step, ...]:
    """Return the steps that people may take from a status; `joined`: to another report, which takes most for both."""
    return tuple(step for step in MAY[known(now)] if step in OF_JOINED or not joined)


def check(now: str, step: Step) -> None:
    """Raise IllegalStepError, which says what can be done, unless the step may follow this status."""
    status = known(now)
    if step in MAY[status]:
        return
    why = " An agency has it: the centre closes after they call it resolved." if status == "dispatched" else ""
    raise IllegalStepError(f"This report is {status}.{why} {ways_on(status)}", MAY[status], now=status)


def of_patch(now: str, to: str) -> Step:
    """Return the step that takes a report from one status to another one. Raises IllegalStepError."""
    status = known(now)
    step = BY_PATCH.get(known(to))
    if step is None:
        why = "open only until somebody works on it" if to == "open" else "dispatched by being sent"
        raise IllegalStepError(
            f"A report becomes {why}. This one is {status}. {ways_on(status)}", MAY[status], now=status
        )
    check(status, step)
    return step


def check_close(
    now: str, classification: str, *, disposition: str | None, caller: str | None, fit: Collection[str]
) -> None:
    """Raise IllegalStepError unless a report may be closed as what it would then be.

    `fit`: the dispositions that its class can end with. `caller`: whether the caller was told; see the module.
    """
    check(now, "close")
    allowed = MAY[known(now)]
    if disposition is None:
        raise NoDispositionError(f"Say how it ended: send `disposition`, one of {', '.join(fit)}.", allowed)
    if now == "resolved" and classification == "normal" and caller is None:
        raise NotVerifiedError(
            "An agency calls this report resolved, and nobody has checked that yet. Read what they say, tell the "
            'caller, then close it with `caller`: "told", or "unreachable" when nobody answers. Not solved: reopen it.',
            allowed,
        )


def check_not_ours(now: str, *, taken_over: bool, others: Collection[str]) -> None:
    """Raise IllegalStepError unless a report may be left to a neighbouring centre.

    `taken_over`: it has accepted the report. `others`: agencies that still have something to do with it.
    """
    check(now, "not_ours")
    allowed = MAY[known(now)]
    if not taken_over:
        raise NotTakenOverError(
            "That centre has not accepted this report. Send it there, and wait for its answer or telephone for it; "
            "until then it is ours.",
            allowed,
        )
    if others:
        raise NotTakenOverError(
            f"Agencies of ours still have this report: {', '.join(others)}. Cancel those dispatches first.", allowed
        )


def ways_on(now: Status) -> str:
    """Return the sentence that says what can be done with a report in this status."""
    return f"What can be done: {', or '.join(HOW[step] for step in MAY[now])}."
