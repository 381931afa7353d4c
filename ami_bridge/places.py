"""Which call a mirrored position belongs to: told by the SIP Call-ID, which the dialplan's user event names too. Pure.

The two come by different ways and either may be first. A position waits for its call for WAITS, and a flood of INVITEs
that become no call pushes out only the oldest of those that wait.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from intake.facts import CallKey, Located, Position

WAITS: Final = timedelta(minutes=2)
MOST_WAITING: Final = 500
MOST_DIALOGS: Final = 200  # more only while so many calls are in progress, or ended a moment ago


class Waiting(Struct, frozen=True):
    """A position that was heard, and whose call was not described yet."""

    at: datetime
    position: Position


@dataclass(slots=True)
class Places:
    """The calls by their SIP Call-IDs, and the positions that wait for one."""

    dialogs: dict[str, str] = field(default_factory=dict)  # Call-ID -> uniqueid of the caller's channel
    waiting: dict[str, Waiting] = field(default_factory=dict)  # by Call-ID

    def hear(self, pbx: str, call_id: str, position: Position, now: datetime) -> list[Located]:
        """Take a position; it is its call's, or waits."""
        if (uniqueid := self.dialogs.get(call_id)) is not None:
            return [Located(CallKey(pbx, uniqueid), now, position)]
        self.waiting.pop(call_id, None)
        self.waiting[call_id] = Waiting(now, position)
        while len(self.waiting) > MOST_WAITING or now - next(iter(self.waiting.values())).at > WAITS:
            del self.waiting[next(iter(self.waiting))]
        return []

    def know(self, key: CallKey, call_id: str, now: datetime, there: Container[str]) -> list[Located]:
        """Learn a call's Call-ID, and return where its caller is if that was heard; `there` are the calls to keep."""
        if not call_id:
            return []
        if len(self.dialogs) >= MOST_DIALOGS:
            self.dialogs = {one: uniqueid for one, uniqueid in self.dialogs.items() if uniqueid in there}
        self.dialogs[call_id] = key.uniqueid
        heard = self.waiting.pop(call_id, None)
        return [] if heard is None or now - heard.at > WAITS else [Located(key, heard.at, heard.position)]
