"""The door to Asterisk's mirror: a UDP socket that hears every SIP message, and keeps where a caller is.

Asterisk's `res_hep` sends a copy of each message (HEPv3) and waits for nobody: no listener, a slow one and a dead one
are the same to it. What an INVITE tells of its caller's position goes onto the tape as a frame of our own, before
anything is done with it, and is interpreted there like what the PBX itself said (decision 0019).
All other messages are forgotten at once; none is ever written anywhere.

The mirror shows passwords' digests and callers' numbers, and whoever speaks to it can say where a caller is: it listens
on the loopback, and to this machine alone. Strangers' messages are mirrored, too, whatever Asterisk answers them: only
those that came from a trunk's networks are read, and no more than MOST in WITHIN.
"""

import asyncio
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import msgspec
import structlog

from ami_bridge import frames, hep, pidf, sip
from ami_bridge.hep import HepError, Packet
from ami_bridge.pidf import PositionError
from ami_bridge.sip import SipError
from db.machine_room import Alarm
from db.wakeups import rest
from intake.facts import Position

log = structlog.get_logger(__name__)
METHODS: Final = (b"INVITE ", b"UPDATE ")
MOST, WITHIN = 500, timedelta(seconds=10)  # INVITEs with a position that are read
REMEMBERED: Final = 1000  # positions that were told: an INVITE comes again until it is answered
LONGEST_CALL_ID: Final = 300
BUFFER: Final = 1 << 20  # bytes of mirrored messages while the loop is busy
RETRY_S: Final = 5.0
TROUBLE_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MirrorConfig:
    """Where Asterisk sends the copies (`capture_address` in hep.conf), and from where callers' messages come."""

    host: str  # a loopback address
    port: int
    trunks: Collection[IPv4Network | IPv6Network]  # of the carriers; none: nothing is heard


class Mirror:
    """Listens until it is told to stop; `put` takes frames for the tape."""

    def __init__(
        self, config: MirrorConfig, clock: Callable[[], datetime], put: Callable[[Sequence[bytes]], None]
    ) -> None:
        self._config = config
        self._clock = clock
        self._put = put
        self._why = ""  # why nobody listens now
        self._read: deque[datetime] = deque(maxlen=MOST)
        self._told: OrderedDict[tuple[str, Position], None] = OrderedDict()
        self._unread_at: datetime | None = None  # when a position could not be read, for the last time
        self._too_many_at: datetime | None = None
        self._counted = dict.fromkeys(("mirrored_messages", "positions_heard", "positions_unread"), 0.0)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        if not self._config.trunks:
            log.error("mirror_without_trunks")
            return
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Ear(self.hear), local_addr=(self._config.host, self._config.port)
                )
            except OSError as error:
                self._say(error.strerror or str(error))
                await rest(stop, RETRY_S)
                continue
            self._say("")
            try:
                wire = transport.get_extra_info("socket")
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                await stop.wait()
            finally:
                transport.close()

    def hear(self, datagram: bytes, sender: str) -> None:
        """Take one datagram from an address. Nothing that is in it is an error of ours."""
        if not ip_address(sender.partition("%")[0]).is_loopback:
            return
        try:
            packet = hep.read(datagram)
            self._counted["mirrored_messages"] += 1
            if packet.protocol != hep.SIP or not _may_tell(packet.payload):
                return
            if not self._is_of_trunk(packet) or not self._has_time():
                return
            request = sip.read(packet.payload)
            position = pidf.best(pidf.of_request(request))
        except (HepError, SipError, PositionError) as error:
            self._counted["positions_unread"] += 1
            self._unread_at = self._clock()
            log.warning("position_not_read", why=str(error))
            return
        call_id = request.get("call-id")
        if position is not None and 0 < len(call_id) <= LONGEST_CALL_ID:
            self._tell(call_id, position)

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        now = self._clock()
        found = []
        if not self._config.trunks:
            said = (
                "Where callers are, as their networks say it, is not heard: INTAKE112_HEP_TRUNKS is not set. Set it to "
                "the carrier's addresses, as `match` of the trunk in pjsip.conf has them (203.0.113.0/28), and restart."
            )
            found.append(Alarm("mirror", said))
        if self._why:
            said = (
                f"Where callers are, as their networks say it, is not heard: {self._config.host} port "
                f"{self._config.port}: {self._why}. Stop what is there, or set INTAKE112_HEP_PORT, and "
                "`capture_address` in hep.conf. Where another bridge of this machine listens, set no "
                "INTAKE112_HEP_PORT here."
            )
            found.append(Alarm("mirror", said))
        if self._unread_at is not None and now - self._unread_at < TROUBLE_FOR:
            said = (
                "A call's position could not be read in the last hour (`position_not_read` in the bridge's log says "
                "why). Ask the carrier for PIDF-LO as RFC 5491 has it."
            )
            found.append(Alarm("position_unread", said))
        if self._too_many_at is not None and now - self._too_many_at < TROUBLE_FOR:
            said = (
                f"More than {MOST} calls with a position came within {WITHIN.seconds} s, in the last hour; those above "
                "were not read. They came from a network of INTAKE112_HEP_TRUNKS: ask that carrier what it sends."
            )
            found.append(Alarm("position_flood", said))
        return found

    def figures(self) -> Mapping[str, float]:
        """Return what was counted since the start."""
        return dict(self._counted)

    def _tell(self, call_id: str, position: Position) -> None:
        if (call_id, position) in self._told:
            return
        self._told[call_id, position] = None
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        self._counted["positions_heard"] += 1
        self._put([frame(call_id, position)])

    def _has_time(self) -> bool:
        now = self._clock()
        if len(self._read) == MOST and timedelta() <= now - self._read[0] < WITHIN:
            self._too_many_at = now
            return False
        self._read.append(now)
        return True

    def _is_of_trunk(self, packet: Packet) -> bool:
        return packet.source is not None and any(packet.source in network for network in self._config.trunks)

    def _say(self, why: str) -> None:
        if why and why != self._why:
            log.error("mirror_not_heard", host=self._config.host, port=self._config.port, why=why)
        self._why = why


def frame(call_id: str, position: Position) -> bytes:
    """Return the frame for the tape, without its empty line; `reading` makes an event of it."""
    told = msgspec.json.encode(position).decode()
    headers = [("Event", "IntakePosition"), ("CallId", call_id), ("Position", told)]
    return frames.encode(headers).removesuffix(frames.END)


def _may_tell(message: bytes) -> bool:
    """Tell quickly whether a message may hold a position: nearly none does."""
    if not message.startswith(METHODS):
        return False
    low = message.lower()
    return b"\ngeolocation:" in low or pidf.MEDIA_TYPE.encode() in low


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes, str], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        """Hand it on; whatever fails in it ends nothing."""
        try:
            self._hear(data, str(addr[0]))
        except Exception:
            log.exception("datagram_refused", size=len(data))
