"""What the PBX says of the ways by which calls come in: a trunk that is gone, a registration at a carrier that does not
hold, a caller's network that it refuses.

Nobody rings then, and everything else is well: the worst fault of a centre, for it looks like a quiet night.

Of a refused request Asterisk says the address, the name in From and the Call-ID, and not the method: an INVITE, a
REGISTER and an OPTIONS of a stranger are the same InvalidAccountID (seen on 22). So all are counted, and the alarm says
requests.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from ami_bridge import frames
from db.machine_room import Alarm

# Security events of a request that found no way in; AMI's own refusals have the same names and another service.
REFUSALS: Final = frozenset(
    [b"InvalidAccountID", b"ChallengeResponseFailed", b"FailedACL", b"RequestNotAllowed", b"AuthMethodNotAllowed"]
)
REGISTRATION: Final = b"OutboundRegistrationDetail"
REGISTRATIONS: Final = b"OutboundRegistrationDetailComplete"
WATCHED: Final = REFUSALS | {REGISTRATION, REGISTRATIONS}
"""Events that no call is made of: they go to the watch, and onto no tape."""

REGISTERED: Final = "Registered"
FIRM: Final = 5  # lists in a row: a PBX that has just started registers a few seconds later
GONE: Final = frozenset({"UNAVAILABLE", "INVALID"})  # states of a device (DEVICE_STATE) that no call comes through
REFUSED_FOR: Final = timedelta(minutes=10)
REFUSED_FROM: Final = 3  # so many from one address are no slip of the finger
MOST_ADDRESSES, MOST_OF_EACH = 1000, 100


class Watch:
    """Keeps what was said last of each trunk, and the refusals of the last minutes by address."""

    def __init__(self) -> None:
        self._trunks: dict[str, str] = {}
        self._listed: dict[str, int] = {}  # the registrations of the list that is being told
        self._unregistered: dict[str, int] = {}  # and of the last whole one: for how many lists it has not held
        self._refused: OrderedDict[str, deque[datetime]] = OrderedDict()

    def say(self, trunk: str, state: str) -> bool:
        """Take a trunk's state, empty where the PBX cannot say it; tell whether it is another one."""
        before, self._trunks[trunk] = self._trunks.get(trunk), state
        return _kind(before) != _kind(state)

    def hear(self, told: Iterable[bytes], now: datetime) -> None:
        """Take frames of WATCHED."""
        for raw in told:
            frame = frames.parse(raw)
            match frames.event_name(raw):
                case name if name == REGISTRATION:
                    registration, held = frame.get("ObjectName"), frame.get("Status") == REGISTERED
                    self._listed[registration] = 0 if held else self._unregistered.get(registration, 0) + 1
                case name if name == REGISTRATIONS:
                    self._unregistered, self._listed = self._listed, {}
                case _:
                    self._refuse(frame, now)

    def _refuse(self, frame: frames.Frame, now: datetime) -> None:
        if frame.get("Service") != "PJSIP":
            return
        address = frame.get("RemoteAddress").split("/")[2:3]
        times = self._refused.setdefault(address[0] if address else "?", deque(maxlen=MOST_OF_EACH))
        times.append(now)
        self._refused.move_to_end(address[0] if address else "?")
        while len(self._refused) > MOST_ADDRESSES:
            self._refused.popitem(last=False)

    def _lost_registrations(self) -> list[str]:
        return sorted(name for name, lists in self._unregistered.items() if lists >= FIRM)

    def figures(self, now: datetime) -> Mapping[str, float]:
        """Return what is counted: trunks gone, registrations lost, and requests refused in the last 10 minutes."""
        gone = sum(state in GONE for state in self._trunks.values())
        return {
            "trunks_gone": float(gone),
            "registrations_lost": float(len(self._lost_registrations())),
            "refused_requests": float(sum(self._lately(now).values())),
        }

    def alarms(self, now: datetime) -> list[Alarm]:
        """Return what is wrong now, each with what to do."""
        gone = sorted(trunk for trunk, state in self._trunks.items() if state in GONE)
        found = [
            Alarm(
                "trunk",
                f"Trunk {trunk} is gone, so no call comes through it. Call the carrier; check the network.",
                {"trunk": trunk},
            )
            for trunk in gone
        ]
        found += [
            Alarm(
                "trunk_unwatched",
                f"The PBX does not say whether trunk {trunk} is there. Load func_devstate there.",
                {"trunk": trunk},
            )
            for trunk in sorted(trunk for trunk, state in self._trunks.items() if not state)
        ]
        found += [
            Alarm(
                "registration",
                f"The carrier does not know us ({name} in pjsip.conf is not registered), so it may bring us no call. "
                "Check its user name and password, the network, then call the carrier.",
                {"name": name},
            )
            for name in self._lost_registrations()
        ]
        many = {address: count for address, count in self._lately(now).items() if count >= REFUSED_FROM}
        if many:
            address, count = max(many.items(), key=lambda one: one[1])
            said = (
                f"The PBX refused {count} requests from {address} in the last 10 minutes. If that is the carrier, its "
                "callers hear nothing: add the address to the trunk (`match` in pjsip.conf). If not, block it."
            )
            found.append(Alarm("refused", said, {"count": count, "address": address}))
        return found

    def _lately(self, now: datetime) -> dict[str, int]:
        since = now - REFUSED_FOR
        counted = {address: sum(at > since for at in times) for address, times in self._refused.items()}
        return {address: count for address, count in counted.items() if count}


def _kind(state: str | None) -> str:
    """Return what a state means; nobody who is not heard of yet is missed."""
    if state in GONE:
        return "gone"
    return "not known" if state == "" else "there"
