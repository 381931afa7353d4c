"""The members of the line's queues, as the PBX tells them: by an event at each change, and all of them at each connect.

Every device of the PBX that rings, talks or stands still makes such events; told on is only what changes whether a
telephone will be rung. Who is not in the list that ends a gap is no member any more.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from ami_bridge.events import MemberSeen
from intake.facts import Member, MemberFact, MemberGone, MemberIs, MembersAre


@dataclass(slots=True)
class Members:
    """Who is a member now, by queue and interface; and what of it nobody has taken yet."""

    there: dict[str, Member] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set, init=False)
    _news: list[MemberFact] = field(default_factory=list, init=False)

    def hear(self, event: MemberSeen, pbx: str, queues: Collection[str], now: datetime) -> None:
        """Take what is told of one member; `now`, by the PBX's clock, where it carries no time of its own."""
        if event.queue not in queues:
            return
        key, at = f"{event.queue} {event.interface}", event.at or now
        if event.gone:
            if self.there.pop(key, None) is not None:
                self._news.append(MemberGone(pbx, at, event.queue, event.interface))
            return
        self._listed.add(key)
        member = Member(
            *(event.queue, event.interface, event.device, event.member, event.membership),
            *(event.paused, event.reason, event.reachable),
        )
        if self.there.get(key) != member:
            self.there[key] = member
            self._news.append(MemberIs(pbx, at, member))

    def begin(self) -> None:
        """Begin a session: who is a member will be listed."""
        self._listed.clear()

    def settle(self, pbx: str, now: datetime) -> None:
        """Take the list, and all that happened since, for the truth."""
        self.there = {key: member for key, member in self.there.items() if key in self._listed}
        self._news.append(MembersAre(pbx, now, tuple(self.there.values())))

    def take(self) -> list[MemberFact]:
        """Return what is news since this was asked last."""
        news, self._news = self._news, []
        return news
