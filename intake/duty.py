"""What an operator's telephone is doing, from what the PBX says of its members and of its calls. Pure.

    talking -> wrap-up -> what the PBX says: ready, break (paused), absent (in no queue), unreachable (it cannot ring)

What was wished at the desk is kept beside it and never shown as if it were so; where the two differ, it is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

AtPbx = Literal["ready", "break", "absent", "unreachable"]
State = Literal["ready", "break", "absent", "unreachable", "talking", "wrap-up"]
Wish = Literal["ready", "break"]
WORDS: Final[dict[str, str]] = {
    "ready": "the PBX rings this telephone",
    "break": "the PBX has paused this telephone",
    "absent": "the PBX has this telephone in none of its queues",
    "unreachable": "the PBX cannot reach this telephone; it may be unplugged or not logged in",
}
WISHES: Final[dict[str, str]] = {"ready": "to be ready", "break": "for a break"}


class InQueue(Protocol):
    """What the PBX last said of a telephone in one queue."""

    @property
    def there(self) -> bool:
        """It is a member."""

    @property
    def paused(self) -> bool:
        """It is rung for nobody."""

    @property
    def reason(self) -> str:
        """Why it is paused, empty where nobody said."""

    @property
    def reachable(self) -> bool:
        """The PBX knows of a way to it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where what was wished and what the PBX says differ: a code for programs, a sentence for people."""

    code: Literal["not_heard", "not_asked", "refused", "not_confirmed", "changed_at_pbx", "unreachable"]
    message: str


def at_pbx(members: Sequence[InQueue]) -> AtPbx:
    """Return what the PBX does with a telephone: one queue that rings it is enough to be ready."""
    there = [member for member in members if member.there]
    ringing = [member for member in there if not member.paused]
    if not there:
        return "absent"
    if not ringing:
        return "break"
    return "ready" if any(member.reachable for member in ringing) else "unreachable"


def reason_of(members: Sequence[InQueue]) -> str | None:
    """Return why the PBX has paused a telephone, in the words that it was given."""
    return next((member.reason for member in members if member.there and member.paused and member.reason), None)


def fulfils(wished: str, now: AtPbx) -> bool:
    """Tell whether the PBX does what was wished."""
    return now in (("ready", "unreachable") if wished == "ready" else ("break", "absent"))


def following(before: str, now: AtPbx, *, talking: bool, wrapped: bool) -> State:
    """Return the state that follows one; `wrapped`: what was to be written after a call is written, or time is up."""
    if talking:
        return "talking"
    if before == "talking" or (before == "wrap-up" and not wrapped):
        return "wrap-up"
    return now


def difference(
    wished: str, now: AtPbx, *, heard: bool, held: bool, confirmed: bool, owed: bool, refused: str | None
) -> Difference | None:
    """Say where wish and PBX differ; None: nowhere.

    Args:
        wished: at the desk.
        now: what the PBX last said.
        heard: the PBX is listened to at this moment.
        held: the desk has the PBX pause the telephone until the wrap-up is over.
        confirmed: the PBX once did what was wished.
        owed: nobody could ask the PBX for it.
        refused: why the PBX would not.
    """
    if not heard:
        return Difference("not_heard", f"The PBX is not heard at this moment. What it last said: {WORDS[now]}.")
    if fulfils(wished, now) or (held and now == "break"):
        return Difference("unreachable", f"{_sentence(now)}.") if now == "unreachable" else None
    asked = f"Asked {WISHES[wished]}"
    if confirmed:
        return Difference("changed_at_pbx", f"{asked}; it was changed at the PBX, not at this desk: {WORDS[now]}.")
    if owed:
        return Difference("not_asked", f"{asked}, but nobody can ask the PBX now; use the telephone. {_sentence(now)}.")
    if refused is not None:
        return Difference("refused", f"{asked}, and it failed: {refused}. {_sentence(now)}.")
    return Difference("not_confirmed", f"{asked}; the PBX has not confirmed it. {_sentence(now)}.")


def _sentence(now: AtPbx) -> str:
    return WORDS[now][0].upper() + WORDS[now][1:]
