"""What the bridge knows between two frames, as text, and where on its tapes: saved in the transaction of the facts.

One bridge has one memory, whatever other bridges hear of the same PBX: each goes on from its own position on its own
tape. A text of another release is not understood and not guessed at: the bridge then takes up the calls that the
database shows in progress, and the snapshot after the next connect tells the rest.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from ami_bridge.board import Board, Seat
from ami_bridge.call_backs import CallBack
from ami_bridge.calls import Call
from ami_bridge.listening import Heard, Listener
from ami_bridge.members import Members
from ami_bridge.places import Places
from ami_bridge.threads import Line, Threads
from intake.facts import Member


class ForgottenError(ValueError):
    """The text is no memory of this release."""


class _Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    calls: dict[str, Call]
    seen: dict[str, datetime]
    seats: dict[str, Seat]
    members: dict[str, str]
    ended: dict[str, datetime]
    heard: Heard
    positions: dict[str, int]  # how far each tape is interpreted, in bytes by tape id
    call_backs: dict[str, CallBack] = msgspec.field(default_factory=dict)
    places: Places = msgspec.field(default_factory=Places)
    queues: dict[str, Member] = msgspec.field(default_factory=dict)


_decoder = msgspec.json.Decoder(_Memory)


def write(listener: Listener, positions: Mapping[str, int]) -> str:
    """Return all that a settled listener knows, having interpreted its tapes up to these positions."""
    t = listener.threads
    memory = _Memory(
        *(1, t.calls, t.seen, t.board.seats, t.members, t.ended, listener.heard, dict(positions)),
        *(t.call_backs, t.places, listener.members.there),
    )
    return msgspec.json.encode(memory).decode()


def read(text: str, line: Line) -> tuple[Listener, dict[str, int]]:
    """Return the listener that wrote this, and its positions. Raises ForgottenError."""
    try:
        memory = _decoder.decode(text)
    except msgspec.DecodeError as error:
        raise ForgottenError(f"the saved state of the bridge is of another release: {error}") from error
    threads = Threads(
        *(line, memory.calls, Board(memory.seats), memory.seen, memory.members, memory.ended),
        *(memory.call_backs, memory.places),
    )
    return Listener(line, threads, memory.heard, Members(memory.queues)), memory.positions
