"""What the desk refuses when reports are joined; see `refusals`."""

from intake import steps
from intake.refusals import DeskError, IllegalStepError


class JoinedReportError(IllegalStepError, code="joined"):
    """This report is joined to another, which is sent, resolved and closed for both. Go there, or undo the join."""

    def __init__(self, head: str, status: str) -> None:
        super().__init__(
            f"This report is joined to {head}, which is sent, resolved and closed for both. Do it there, or undo the "
            "join first.",
            steps.may(status, joined=True),
        )


class UnknownOtherError(DeskError):
    """There is no report with the number in `of`. GET this report's duplicates to see the proposed ones."""


class SameReportError(DeskError):
    """A report cannot be joined to itself. Name the other report in `of`."""


class AlreadyJoinedError(DeskError, status=409):
    """This report is joined to another already. Undo that first."""


class NotJoinedError(DeskError, status=409):
    """This report is joined to none. To take one that is joined to it out again, undo the join of that one."""


class NotJoinableError(DeskError, status=409):
    """These two reports cannot be joined."""
