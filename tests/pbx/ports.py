"""Ports that nobody else uses: blocks of 1000, each held by a file lock as long as its process lives.

Several instances, several pytest-xdist workers and several checkouts on one machine never meet: the lock folder
is shared by all of them and the kernel drops a lock when its holder dies.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

_FIRST: Final = 11_000
_SIZE: Final = 1000
_BLOCKS: Final = 21
"""11000 to 31999: below Linux' ephemeral ports (32768), above what services usually take."""


class PortBlock:
    """1000 ports from `base`: +1 AMI, +2 SIP, +3 the carrier, +4 the voice menu, +5 the mirror of SIP, +11.. the
    operators, +40..99 callers, +100..599 Asterisk's RTP, +600..999 SIPp's RTP."""

    def __init__(self, locks: Path, evict: Callable[[int], None] = lambda base: None) -> None:
        """Take the first free block; `locks` is a folder shared by everybody who takes blocks. `evict` is called
        with the `base` of a block that we just locked, to end what a dead owner left running there.

        Raises:
            RuntimeError: all blocks are taken.
        """
        locks.mkdir(parents=True, exist_ok=True)
        for number in range(_BLOCKS):
            descriptor = os.open(locks / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            base = _FIRST + number * _SIZE
            evict(base)
            if _free(base + 1, base + 2, base + 3):
                self._take(base, descriptor)
                return
            os.close(descriptor)
        message = f"no free block of ports: {_BLOCKS} instances run already, or a stray Asterisk holds their ports"
        raise RuntimeError(message)

    def _take(self, base: int, descriptor: int | None) -> None:
        self.base = base
        self._descriptor = descriptor
        # From a place of its own in each process: several processes may place calls to one FixedPorts.
        self._callers = count(os.getpid())
        self._media = count(os.getpid())

    @property
    def ami(self) -> int:
        """TCP port of the AMI."""
        return self.base + 1

    @property
    def sip(self) -> int:
        """UDP port of Asterisk."""
        return self.base + 2

    @property
    def carrier(self) -> int:
        """UDP port (on 127.0.0.2) where the pretend carrier takes calls out."""
        return self.base + 3

    @property
    def menu(self) -> int:
        """TCP port on which Asterisk looks for the voice menu."""
        return self.base + 4

    @property
    def hep(self) -> int:
        """UDP port to which Asterisk mirrors its SIP messages."""
        return self.base + 5

    def operator(self, desk: int) -> int:
        """UDP port of the phone of desk 1 to 8."""
        return self.base + 10 + desk

    @property
    def rtp(self) -> tuple[int, int]:
        """First and last UDP port of Asterisk's RTP."""
        return self.base + 100, self.base + 599

    def next_caller(self) -> int:
        """A UDP port for one more SIPp process; 60 in turn, then from the start again."""
        return self.base + 40 + next(self._callers) % 60

    def next_media(self, host: str) -> int:
        """The first of 20 UDP ports for the RTP of one more SIPp process: 20 in turn, but none that still has one.

        Raises:
            RuntimeError: all are taken.
        """
        for _ in range(20):
            port = self.base + 600 + next(self._media) % 20 * 20
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
                probe.bind((host, port))
                return port
        message = f"all ports for RTP on {host} are taken by people who are still there"
        raise RuntimeError(message)

    def release(self) -> None:
        """Give the block back. Twice is once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class FixedPorts(PortBlock):
    """The ports one expects, for `make pbx`: AMI 5038, SIP 5060, carrier 5061, operators 5071 to 5078; the others as
    in the block from 10000. Give `locks=None` to use them from outside, without taking them."""

    def __init__(self, locks: Path | None, evict: Callable[[int], None] = lambda base: None) -> None:
        """Raises:
        RuntimeError: somebody has these ports already.
        """
        if locks is None:
            self._take(10_000, None)
            return
        locks.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(locks / "fixed.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            message = "another `make pbx` runs on this machine already"
            raise RuntimeError(message) from None
        evict(10_000)
        self._take(10_000, descriptor)
        if not _free(self.ami, self.sip, self.carrier):
            self.release()
            message = f"TCP {self.ami}, UDP {self.sip} or UDP {self.carrier} is taken: is another PBX running here?"
            raise RuntimeError(message)

    @property
    def ami(self) -> int:
        """TCP port of the AMI."""
        return 5038

    @property
    def sip(self) -> int:
        """UDP port of Asterisk."""
        return 5060

    @property
    def carrier(self) -> int:
        """UDP port (on 127.0.0.2) where the pretend carrier takes calls out."""
        return 5061

    def operator(self, desk: int) -> int:
        """UDP port of the phone of desk 1 to 8."""
        return 5070 + desk


def _free(ami: int, *udp: int) -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind(("127.0.0.1", ami))
        for port in udp:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(("0.0.0.0", port))  # noqa: S104 - bound for a moment, nothing is read
    except OSError:
        return False
    return True
