"""Hosts of their own for processes: network namespaces on one bridge, each with a cable that can be pulled.

Linux, root, iproute2. What is made here has the process's number in its name, and is removed at the end; what a process
left that was killed, by the next one.
"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Host:
    """A namespace: its address, and the end of its cable that is here."""

    name: str
    address: str
    cable: str

    @property
    def within(self) -> Sequence[str]:
        """The command that runs another one there."""
        return ("ip", "netns", "exec", self.name)

    def cut(self) -> None:
        """Pull the cable: nothing passes, and nobody is told."""
        _ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        """Plug it in again."""
        _ip("link", "set", self.cable, "up")


@dataclass(frozen=True)
class Lan:
    """The bridge; `address` is this machine's on it."""

    address: str
    network: str
    hosts: Sequence[Host]


@contextmanager
def lan(count: int) -> Iterator[Lan]:
    """Make a bridge and so many hosts on it."""
    _sweep()
    mark, part = f"{os.getpid():x}", os.getpid() % 250
    bridge, prefix = f"i112b{mark}", f"10.112.{part}"
    with ExitStack() as stack:
        _ip("link", "add", bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", bridge)
        _ip("address", "add", f"{prefix}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        hosts = []
        for number in range(2, 2 + count):
            name, cable = f"i112-{mark}-{number}", f"i112v{mark}n{number}"
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)  # the cable goes with it
            _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", cable, "master", bridge, "up")
            _ip("-n", name, "address", "add", f"{prefix}.{number}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")
            hosts.append(Host(name, f"{prefix}.{number}", cable))
        yield Lan(f"{prefix}.1", f"{prefix}.0/24", hosts)


def _sweep() -> None:
    """Remove what processes left that live no more."""
    for kind, listed, pattern in (
        ("netns", ("netns", "list"), r"i112-([0-9a-f]+)-\d"),
        ("link", ("-brief", "link", "show", "type", "bridge"), r"i112b([0-9a-f]+)"),
    ):
        for line in _ip(*listed).splitlines():
            name = line.split()[0]
            made = re.fullmatch(pattern, name)
            if made and not Path(f"/proc/{int(made[1], 16)}").exists():
                _ip(kind, "del", name)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr.strip()}"
    return done.stdout
