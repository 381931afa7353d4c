"""A kind's guide: questions, each answer with a weight. What has been answered adds up, and may make a report urgent.

A guide is JSON as its kind's row keeps it:

    [{"code": "trapped", "name": {"id": "Ada yang terjebak?", "en": "Is anybody trapped?"},
      "answers": [{"code": "yes", "name": {"id": "Ya", "en": "Yes"}, "weight": 10}, …]}]

`thresholds` is {"P1": 10, "P2": 5}: from which sum on a report is that urgent. A guide only ever raises a priority, and
only by an answer that adds something: what a person has set lower since stays, until they hear something worse.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from intake.refusals import UnknownQuestionError
from intake.report import Priority

URGENT: Final[tuple[Priority, ...]] = ("P1", "P2", "P3")  # the most urgent first


def asked(guide: Sequence[Mapping[str, Any]], question: str, answer: str) -> tuple[str, int]:
    """Return the entry that an answer makes, in Indonesian, and its weight. Raises UnknownQuestionError."""
    of = next((one for one in guide if one["code"] == question), None)
    given = next((one for one in of["answers"] if one["code"] == answer), None) if of else None
    if of is None or given is None:
        raise UnknownQuestionError
    return f"{of['name']['id']} {given['name']['id']}", int(given["weight"])


def raised(
    present: str | None, default: str, before: int, after: int, thresholds: Mapping[str, int]
) -> Priority | None:
    """Return the priority that an answer raises a report to, None when it does not.

    Args:
        present: what the report has; None: nobody has judged it, and its kind's `default` counts with the answer.
        before: the sum of the weights without the answer.
        after: the sum with it.
    """
    reached = [one for one in URGENT if one in thresholds and after >= thresholds[one]]
    if after <= before or not reached:
        return None
    target = min(reached[0], default) if present is None else reached[0]
    return cast(Priority, target) if present is None or target < present else None
