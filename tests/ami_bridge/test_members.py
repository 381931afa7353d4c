"""Whom the queue rings: as real Asterisk tells it, as a bridge saves it, and through a line that was lost."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ami_bridge import memory, reading, tape
from ami_bridge.events import CaughtUp, Connected, MemberSeen, Settled
from ami_bridge.frames import encode
from ami_bridge.listening import Listener
from db import queue_members
from db.engine import Database
from exercise.pbx import PretendAsterisk
from intake.facts import MemberFact, MemberGone, MemberIs, MembersAre
from tests.ami_bridge.test_bridge import CLOCK, LINE, connected, running

TAPE = Path(__file__).parents[1] / "tapes" / "members-come-and-go.tape"
NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
NO_LOGS = CaughtUp(logs=False, gap_closed=True, marks={}, clock_offset_s=None)


def seen(device: str, *, paused: bool = False, gone: bool = False, queue: str = "112") -> MemberSeen:
    """Return what is told of a member."""
    return MemberSeen("op", device, queue, device, "dynamic", paused=paused, gone=gone, at=NOW)


def told(listener: Listener, *events: Connected | CaughtUp | MemberSeen | Settled) -> list[MemberFact]:
    """Return the facts of several events."""
    for event in events:
        listener.advance(event, NOW)
    return listener.members.take()


def words(facts: Sequence[MemberFact]) -> list[str]:
    """Return what facts say, in a word each."""
    found = []
    for fact in facts:
        match fact:
            case MemberIs(member=member):
                paused = f" paused: {member.reason}" if member.paused else ""
                found.append(f"{member.device} as {member.name}, {member.membership}{paused}")
            case MemberGone(interface=interface):
                found.append(f"{interface} gone")
            case MembersAre(members=members):
                found.append(f"all: {', '.join(member.device for member in members)}")
    return found


def test_real_asterisk_says_who_is_paused_and_who_is_taken_out() -> None:
    """Ringing and talking are told of every device too, and are no news of whom the queue rings."""
    listener = Listener(LINE)
    for one in tape.read_all(TAPE):
        if one.raw and (heard := reading.read(one.raw)) is not None:
            listener.advance(heard.event, one.at)
    facts = listener.members.take()
    op1, op2 = "PJSIP/op1 as op1, dynamic", "PJSIP/op2 as op2, dynamic"
    assert sorted(words(facts[:2])) == [op1, op2]
    assert words(facts[2:]) == [f"{op2} paused: makan", op2, "PJSIP/op2 gone"]


def test_a_list_names_all_who_are_members_also_after_a_start() -> None:
    listener = Listener(LINE)
    begin, end = (Connected("s1", None), NO_LOGS), Settled()
    first = told(listener, *begin, seen("PJSIP/op1"), seen("PJSIP/op2"), seen("PJSIP/op9", queue="sales"), end)
    assert words(first)[2:] == ["all: PJSIP/op1, PJSIP/op2"]
    listener, _ = memory.read(memory.write(listener, {}), LINE)
    assert told(listener, seen("PJSIP/op1")) == []
    assert words(told(listener, *begin, seen("PJSIP/op2"), end)) == ["all: PJSIP/op2"]
    between = told(listener, *begin, seen("PJSIP/op1"), seen("PJSIP/op2"), seen("PJSIP/op1", gone=True), end)
    assert words(between)[1:] == ["PJSIP/op1 gone", "all: PJSIP/op2"]


def frame(event: str, device: str, paused: str = "0") -> bytes:
    """Return what Asterisk 22 says of a member."""
    said = [
        *(("Event", event), ("Timestamp", f"{CLOCK().timestamp():.6f}"), ("Queue", "112")),
        *(("MemberName", device.removeprefix("PJSIP/")), ("Interface", device), ("StateInterface", device)),
        *(("Membership", "dynamic"), ("Status", "1"), ("Paused", paused), ("PausedReason", "makan")),
    ]
    return encode(said).removesuffix(b"\r\n\r\n")


async def shown(database: Database, device: str, state: str) -> None:
    """Wait until the row of a telephone says so."""
    async with asyncio.timeout(20):
        while True:
            async with database.reading() as reading_now:
                rows = await queue_members.of_device(reading_now, "pbx-1", device)
            found = ["paused" if row.paused else "ready" for row in rows if row.there]
            if (found or ["absent"]) == [state]:
                return
            await asyncio.sleep(0.01)  # between two looks


async def test_what_changes_while_the_line_is_lost_is_found_in_the_list(database: Database, tmp_path: Path) -> None:
    async with PretendAsterisk(CLOCK, members=["op1", "op2"]) as pbx, running(database, pbx, tmp_path):
        await connected(database)
        await shown(database, "PJSIP/op1", "ready")
        pbx.say(frame("QueueMemberPause", "PJSIP/op1", "1"))
        await shown(database, "PJSIP/op1", "paused")
        pbx.drop_sessions()
        pbx.switch.hear(frame("QueueMemberPause", "PJSIP/op1"), CLOCK())
        pbx.switch.hear(frame("QueueMemberRemoved", "PJSIP/op2"), CLOCK())
        await shown(database, "PJSIP/op1", "ready")
        await shown(database, "PJSIP/op2", "absent")
