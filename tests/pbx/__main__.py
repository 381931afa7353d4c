"""`python -m tests.pbx`: a real Asterisk to develop against; `python -m tests.pbx call`: ring it.

Asterisk runs in the foreground on the ports one expects (AMI 5038, SIP 5060, loopback only) with two phones at its
desks, and stops with everything it started on Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
import threading
from types import FrameType

from tests.pbx.asterisk import PBX_HOST, RealAsterisk
from tests.pbx.ports import FixedPorts, PortBlock
from tests.pbx.root import missing_requirement
from tests.pbx.sipp import Caller, People


class _Outside:
    """The PBX that another `python -m tests.pbx` runs, for one who only calls it."""

    def __init__(self) -> None:
        self._ports = FixedPorts(None)

    @property
    def sip_port(self) -> int:
        """UDP on 127.0.0.1."""
        return self._ports.sip

    @property
    def ports(self) -> PortBlock:
        """The fixed ones."""
        return self._ports

    def desk_secret(self, desk: int) -> str:
        """Refuse: secrets are known to who started the PBX. Raises RuntimeError."""
        raise RuntimeError(f"this PBX was started by another process; desk {desk}'s secret is not known here")

    def cli(self, command: str) -> str:
        """Refuse: only who started a PBX may give it commands. Raises RuntimeError."""
        raise RuntimeError(f"this PBX was started by another process; it cannot be told to {command!r} from here")


def serve(answer_ms: int) -> None:
    """Run until SIGINT or SIGTERM."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with RealAsterisk(systemname="pbx-1", ports=FixedPorts) as pbx, People(pbx) as people:
        people.operator(1, answer_ms=answer_ms)
        people.operator(2)
        people.carrier()
        print(f"# Asterisk 22 runs: AMI {PBX_HOST}:{pbx.ami_port}, SIP {PBX_HOST}:{pbx.sip_port}, pid {pbx.pid}")
        print(f"# op1 answers after {answer_ms} ms, op2 only rings; log: {pbx.folder}/log/messages.log")
        print(f"export INTAKE112_AMI_HOST={pbx.ami_host}")
        print(f"export INTAKE112_AMI_PORT={pbx.ami_port}")
        print(f"export INTAKE112_AMI_USERNAME={pbx.ami_username}")
        print(f"export INTAKE112_AMI_SECRET={pbx.ami_secret}")
        print(f"export INTAKE112_PBX={pbx.systemname}")
        print(f"export INTAKE112_CEL_FILE={pbx.cel_file}")
        print(f"export INTAKE112_QUEUE_LOG={pbx.queue_log}")
        print(f"export INTAKE112_RECORDINGS_DIR={pbx.recordings}")
        print("# place a call:  .venv/bin/python -m tests.pbx call 112 --number +6281200000001 --name 'Siti Fiktif'")
        print(f"# console:       chroot {pbx.root.path} asterisk -C {pbx.conf_file} -r")
        print("# stop: Ctrl-C", flush=True)
        while not stopped.wait(0.5):  # woken by the signal; the half second looks after Asterisk itself
            if not pbx.running:
                sys.exit(f"Asterisk ended by itself:\n{pbx.log[-2000:]}")
    print("# stopped")


def ring(options: argparse.Namespace) -> None:
    """Place calls to a running `python -m tests.pbx`, until they are over."""
    name = None if options.name is None else options.name.encode("utf-8", "surrogateescape")
    caller = Caller(options.number or None, name, options.withheld)
    with People(_Outside()) as people:
        call = people.call(caller, options.dialled, hang_up_ms=options.talk_ms, calls=options.calls)
        call.wait(options.talk_ms / 1000 + 30)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.pbx", description=__doc__)
    parser.add_argument("--answer-ms", type=int, default=4000, help="op1 answers after so many milliseconds")
    commands = parser.add_subparsers(dest="command")
    call = commands.add_parser("call", help="place a call")
    call.add_argument("dialled", nargs="?", default="112", help="112, 0328112, +62112, s ...")
    call.add_argument("--number", default="+6281200000001", help="the caller's number; empty: none")
    call.add_argument("--name", help="the caller's display name")
    call.add_argument("--withheld", action="store_true", help="Privacy: id, number in P-Asserted-Identity")
    call.add_argument("--talk-ms", type=int, default=10_000, help="hang up so many milliseconds after the PBX answered")
    call.add_argument("--calls", type=int, default=1, help="so many at once")
    options = parser.parse_args()
    if reason := missing_requirement():
        sys.exit(reason)
    if options.command == "call":
        ring(options)
    else:
        serve(options.answer_ms)


if __name__ == "__main__":
    main()
