"""What `intake112 doctor` found: one value for each check, the line that is printed, and the sum of all.

A finding that is not `ok` says how to mend it: the file, the line to write, the command. Pure: who looks is elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from intake.words import inert


class Verdict(StrEnum):
    """How bad it is. `warning`: calls become reports, but something is weaker than need be, or was not looked at."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `mend` is empty only where nothing is to be done."""

    verdict: Verdict
    check: str
    found: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" -> {self.mend}" if self.mend else ""
        return inert(f"{self.verdict:<8}{self.check}: {self.found}{mend}")


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, check, found)


def warning(check: str, found: str, mend: str) -> Finding:
    """It works without, or could not be looked at."""
    return Finding(Verdict.WARNING, check, found, mend)


def wrong(check: str, found: str, mend: str) -> Finding:
    """A call, its report or its evidence may be lost."""
    return Finding(Verdict.WRONG, check, found, mend)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 when nothing is wrong (warnings are allowed), else 1."""
    return int(any(one.verdict is Verdict.WRONG for one in findings))


def summary(findings: Sequence[Finding]) -> str:
    """Return the last line: how many of each."""
    counted = Counter(one.verdict for one in findings)
    numbers = ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)
    return f"{len(findings)} checks: {numbers}"
