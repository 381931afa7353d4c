"""A real mix of events: what an AMI user with every right, and no filter, is told of a few calls on a real Asterisk."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from exercise.story import Cue, Story, with_new_ids
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.pbx.stream import AmiStream

END = b"\r\n\r\n"
CALLS = 4
CALLERS = b"628120000000"  # begins their numbers, which end with a digit of their own


def record() -> Story:
    """Return what Asterisk said of CALLS calls: three answered by one of three operators, one given up."""
    secret = secrets.token_urlsafe(16)
    everything = f"[everything]\nsecret={secret}\nread=all\nwrite=all\n"
    with RealAsterisk(systemname="pbx-1", appended={"manager.conf": everything}) as pbx, People(pbx) as people:
        people.operator(1, answer_ms=200)
        people.operator(2)
        people.operator(3)
        with AmiStream(pbx.ami_host, pbx.ami_port, "everything", secret) as ami:
            for number in range(1, CALLS):
                call = people.call(Caller(f"+{CALLERS.decode()}{number}", b"Siti Fiktif"))
                ami.wait_event("AgentConnect", count=number)
                call.hang_up()
                call.wait()
                ami.wait_event("AgentComplete", count=number)
            people.unplug("op1")
            last = people.call(Caller(f"+{CALLERS.decode()}9"))
            ami.wait_event("DialState", DialStatus="RINGING", count=3 * CALLS - 1)
            last.hang_up()
            last.wait()
            ami.wait_event("QueueCallerAbandon")
            ami.wait_event("Hangup", Context="line-112", count=CALLS)
            frames = ami.frames
    began = datetime.fromtimestamp(frames[0].at).astimezone()
    cues = (Cue(timedelta(seconds=f.at - frames[0].at), f.raw.removesuffix(END)) for f in frames if f.get("Event"))
    return Story("mix", began, tuple(cue for cue in cues if b"\r\nService: AMI" not in cue.raw))


def copies(story: Story, count: int) -> Iterator[list[bytes]]:
    """Yield the story's frames `count` times, each time of other calls of other callers, a second later."""
    for number in range(count):
        callers = b"%d" % (int(CALLERS) + number)
        told = with_new_ids(story, number * story.width, story.began + timedelta(seconds=number))
        yield [raw.replace(CALLERS, callers) for raw in told]
