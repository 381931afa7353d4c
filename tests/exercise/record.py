"""Record `asked.tape` from real Asterisk: `.venv/bin/python -m tests.exercise.record`.

The story is told so that every answer of a snapshot has something to say: two operators, two callers; asked before any
call, while both wait, while the first talks, and after he has gone. All numbers and names are invented.
"""

import sys
from pathlib import Path
from typing import Final

from tests.pbx import record
from tests.pbx.asterisk import AsteriskRoot, RealAsterisk
from tests.pbx.record import BUDI, SITI, Stage
from tests.pbx.sipp import People
from tests.pbx.stream import AmiStream

TAPE: Final = Path(__file__).with_name("asked.tape")
ASKED: Final = (
    {"Action": "QueueStatus"},
    {"Action": "QueueStatus", "Queue": "nope"},
    {"Action": "QueueStatus", "Queue": "112", "Member": "op1"},
    {"Action": "CoreShowChannels"},
    {"Action": "CoreStatus"},
    {"Action": "CoreSettings"},
    {"Action": "Nonsense"},
    {"Action": "Ping"},
)


def ask(ami: AmiStream, moment: str) -> None:
    """Ask everything, and wait for the last answer."""
    for number, headers in enumerate(ASKED):
        ami.send(**headers, ActionID=f"{moment}-{number}")
    ami.wait(lambda frame: frame.matches(ActionID=f"{moment}-{len(ASKED) - 1}"))


def tell(stage: Stage) -> None:
    """Play the story, asking in between."""
    ask(stage.ami, "idle")
    first = stage.people.call(SITI)
    one = stage.caller_channel()
    stage.ami.wait_event("DialState", DialStatus="RINGING", count=2)
    second = stage.people.call(BUDI)
    two = stage.caller_channel(2)
    stage.ami.wait_event("QueueCallerJoin", count=2)
    ask(stage.ami, "waiting")
    stage.ami.wait_event("BridgeEnter", count=2)
    ask(stage.ami, "talking")
    first.hang_up()
    stage.gone(one)
    first.wait()
    ask(stage.ami, "one-left")
    second.hang_up()
    stage.gone(two)
    second.wait()
    ask(stage.ami, "over")


def main() -> None:
    """Record the tape."""
    with RealAsterisk(AsteriskRoot.ensure(), systemname="pbx-1") as pbx, People(pbx) as people:
        people.operator(1, answer_ms=1500)
        people.operator(2)
        with pbx.stream() as ami:
            tell(Stage(pbx, people, ami))
            frames = ami.frames
    TAPE.write_bytes(record.tape(frames))
    sys.stderr.write(f"{TAPE.name}: {len(frames)} frames\n")


if __name__ == "__main__":
    main()
