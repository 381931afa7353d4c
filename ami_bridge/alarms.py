"""What is wrong with a bridge now, each with what to do. None of it stops a call."""

from datetime import datetime

from ami_bridge.reel import ALARM_AT, Reel
from ami_bridge.session import Sessions
from db.machine_room import Alarm

CLOCK_ALARM_S = 1.0


def alarms_of(reel: Reel, sessions: Sessions, now: datetime) -> list[Alarm]:
    """Return the alarms of the tapes and of the line, as they are at this moment."""
    found = sessions.watch.alarms(now)
    if reel.failed is not None:
        found.append(Alarm("tape_failed", f"The tape cannot be written: {reel.failed}. Calls go on without it."))
    if (share := reel.fullness()) >= ALARM_AT:
        found.append(
            Alarm(
                "tape_full",
                f"The tapes take {share:.0%} of INTAKE112_TAPE_MAX_MB, with frames that are not in the database. "
                "Check the database; nothing is deleted before it is saved.",
                {"percent": round(100 * share)},
            )
        )
    if abs(offset := sessions.clock_offset_s) > CLOCK_ALARM_S:
        ahead = f"{abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'}"
        said = f"The PBX's clock is {ahead} this machine's. Check NTP on both."
        found.append(Alarm("clock", said, {"seconds": round(abs(offset), 1)}))
    if sessions.logs_unread:
        found.append(
            Alarm("logs", f"The PBX's logs cannot be read ({sessions.logs_unread}): missed calls are not found yet.")
        )
    return found
