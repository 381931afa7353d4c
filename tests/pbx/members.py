"""The story of members of the queue: paused, unpaused and taken out by others than the desk. All names are invented."""

from typing import Final

from tests.pbx.stage import SITI, Stage, Story, phones


def _come_and_go(stage: Stage) -> None:
    """Somebody at the PBX pauses desk 2 with a reason, unpauses it and takes it out; then desk 1 takes a call."""
    stage.pbx.cli("queue pause member PJSIP/op2 queue 112 reason makan")
    stage.ami.wait_event("QueueMemberPause", Paused="1")
    stage.pbx.cli("queue unpause member PJSIP/op2 queue 112")
    stage.ami.wait_event("QueueMemberPause", Paused="0")
    stage.people.log_out(2)
    stage.ami.wait_event("QueueMemberRemoved")
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.hangs_up(call, channel)


MEMBERS: Final = {"members-come-and-go": Story(phones(300, None), _come_and_go)}
