"""Who is connected to whom: the channels of one PBX, the bridges they are in, and the two halves of Local channels.

A Local channel is a wire inside the PBX: what enters its half `;1` comes out of `;2`. So whoever is in one bridge hears
whoever is in any bridge that can be reached from it through Local halves; `parties` follows them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ami_bridge.events import Channel, Leg, device_of

HALVES = {"1": "2", "2": "1"}
# Channels that are machinery of the PBX (announcers and recorders of conferences, spies): nobody's telephone.
MACHINERY = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Snoop/", "Surrogate/", "Message/")


@dataclass(slots=True)
class Seat:
    """A channel that is up: its name, the call it belongs to (uniqueid of the caller's channel), and its bridge."""

    name: str
    context: str
    since: datetime | None = None
    call: str | None = None
    member: str | None = None
    bridge: str = ""
    called: bool = False  # it began as a call out, whatever it does now

    @property
    def is_local(self) -> bool:
        """A Local half is nobody's telephone."""
        return self.name.startswith("Local/")

    @property
    def is_machinery(self) -> bool:
        """Neither a telephone nor a wire to one."""
        return self.name.startswith(MACHINERY)

    @property
    def device(self) -> str:
        """The device behind the channel."""
        return device_of(self.name)


@dataclass(slots=True)
class Board:
    """The channels that are up, by their uniqueids."""

    seats: dict[str, Seat] = field(default_factory=dict)
    _halves: dict[str, str] = field(default_factory=dict, init=False)  # name of a Local half -> uniqueid
    _bridges: dict[str, dict[str, None]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Find again what the seats say of bridges and halves."""
        for uniqueid, seat in self.seats.items():
            self._note(uniqueid, seat)

    def _note(self, uniqueid: str, seat: Seat) -> None:
        if seat.is_local:
            self._halves[seat.name] = uniqueid
        if seat.bridge:
            self._bridges.setdefault(seat.bridge, {})[uniqueid] = None

    def seat(self, channel: Channel | Leg, at: datetime | None = None) -> Seat:
        """Return the channel's seat, a new one when it has none; a name that changed (pickup) is taken over."""
        seat = self.seats.get(channel.uniqueid)
        if seat is None:
            seat = self.seats[channel.uniqueid] = Seat(channel.name, channel.context, at)
            self._note(channel.uniqueid, seat)
        elif channel.name and seat.name != channel.name:
            self._forget_half(channel.uniqueid, seat)
            seat.name = channel.name
            self._note(channel.uniqueid, seat)
        return seat

    def enter(self, channel: Channel | Leg, bridge: str) -> None:
        """Put a channel into a bridge; empty: into none in which anybody hears anybody."""
        seat = self.seat(channel)
        self.leave(channel.uniqueid)
        seat.bridge = bridge
        if bridge:
            self._bridges.setdefault(bridge, {})[channel.uniqueid] = None

    def leave(self, uniqueid: str) -> None:
        """Take a channel out of its bridge; none is no error."""
        seat = self.seats.get(uniqueid)
        if seat is not None and seat.bridge:
            left = self._bridges.get(seat.bridge, {})
            left.pop(uniqueid, None)
            if not left:
                self._bridges.pop(seat.bridge, None)
            seat.bridge = ""

    def remove(self, uniqueid: str) -> Seat | None:
        """Return the seat of a channel that is gone, and forget it."""
        self.leave(uniqueid)
        seat = self.seats.pop(uniqueid, None)
        if seat is not None:
            self._forget_half(uniqueid, seat)
        return seat

    def _forget_half(self, uniqueid: str, seat: Seat) -> None:
        if self._halves.get(seat.name) == uniqueid:
            del self._halves[seat.name]

    def keep(self, uniqueids: Iterable[str]) -> None:
        """Forget every channel but these."""
        for uniqueid in self.seats.keys() - set(uniqueids):
            self.remove(uniqueid)

    def other_half(self, seat: Seat) -> str | None:
        """Return the uniqueid of the other half of a Local channel."""
        if not seat.is_local:
            return None
        return self._halves.get(seat.name[:-1] + HALVES.get(seat.name[-1:], ""))

    def owner(self, uniqueid: str) -> str | None:
        """Return the call a channel belongs to, by itself or by its other half."""
        seat = self.seats.get(uniqueid)
        if seat is None:
            return None
        if seat.call is None and (half := self.other_half(seat)) is not None:
            seat.call = self.seats[half].call
        return seat.call

    def member(self, uniqueid: str) -> str | None:
        """Return the queue member a channel was rung for, by itself or by its other half."""
        seat = self.seats.get(uniqueid)
        if seat is None or seat.member is not None:
            return seat.member if seat is not None else None
        half = self.other_half(seat)
        return self.seats[half].member if half is not None else None

    def parties(self, bridge: str) -> list[str]:
        """Return the uniqueids of all who hear each other from this bridge on, Local halves left out."""
        found: list[str] = []
        seen, ahead = {bridge}, [bridge]
        while ahead:
            for uniqueid in self._bridges.get(ahead.pop(), ()):
                seat = self.seats[uniqueid]
                if seat.is_machinery:
                    continue
                if not seat.is_local:
                    found.append(uniqueid)
                elif (half := self.other_half(seat)) is not None:
                    beyond = self.seats[half].bridge
                    if beyond and beyond not in seen:
                        seen.add(beyond)
                        ahead.append(beyond)
        return found
