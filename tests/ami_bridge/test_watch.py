"""A trunk that is gone and a network that is refused are alarms; nothing that anybody sends fills the memory."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge import frames
from ami_bridge.watch import FIRM, MOST_ADDRESSES, MOST_OF_EACH, REFUSED_FROM, Watch

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)


def refusal(address: str = "10.0.0.7", service: str = "PJSIP", event: str = "InvalidAccountID") -> bytes:
    """What Asterisk says of a request that found no way in."""
    headers = [("Event", event), ("Service", service), ("AccountID", "+6281200000001")]
    return frames.encode([*headers, ("RemoteAddress", f"IPV4/UDP/{address}/5060")]).removesuffix(frames.END)


def codes(watch: Watch, now: datetime = NOW) -> list[str]:
    """Return what is wrong."""
    return [alarm.code for alarm in watch.alarms(now)]


@pytest.mark.parametrize("state", ["UNAVAILABLE", "INVALID"])
def test_a_trunk_that_is_gone(state: str) -> None:
    watch = Watch()
    assert watch.say("carrier-1", "NOT_INUSE") is False
    assert watch.say("carrier-1", "INUSE") is False
    assert watch.say("carrier-1", state) is True
    assert watch.say("carrier-1", state) is False
    (alarm,) = watch.alarms(NOW)
    assert (alarm.code, "carrier-1" in alarm.message) == ("trunk", True)
    assert watch.figures(NOW)["trunks_gone"] == 1
    assert watch.say("carrier-1", "NOT_INUSE") is True
    assert codes(watch) == []


def test_a_trunk_that_was_never_there_is_gone() -> None:
    watch = Watch()
    assert watch.say("carrier-1", "UNAVAILABLE") is True
    watch.say("carrier-2", "NOT_INUSE")
    assert codes(watch) == ["trunk"]


def test_a_pbx_that_cannot_say_is_no_quiet_night() -> None:
    watch = Watch()
    assert watch.say("carrier-1", "UNAVAILABLE") is True
    assert watch.say("carrier-1", "") is True
    assert codes(watch) == ["trunk_unwatched"]
    assert watch.say("carrier-1", "NOT_INUSE") is True
    assert codes(watch) == []


def test_a_network_that_is_refused_again_and_again() -> None:
    watch = Watch()
    watch.hear([refusal()] * (REFUSED_FROM - 1), NOW)
    watch.hear([refusal(f"10.0.1.{n}") for n in range(20)], NOW)
    assert codes(watch) == []
    watch.hear([refusal()], NOW + timedelta(minutes=1))
    (alarm,) = watch.alarms(NOW + timedelta(minutes=1))
    assert alarm.code == "refused"
    assert "refused 3 requests from 10.0.0.7 " in alarm.message
    assert watch.figures(NOW + timedelta(minutes=1))["refused_requests"] == REFUSED_FROM + 20
    later = NOW + timedelta(minutes=10, seconds=1)
    assert (codes(watch, later), watch.figures(later)["refused_requests"]) == ([], 1)


def test_our_own_log_in_is_none_of_it() -> None:
    watch = Watch()
    watch.hear([refusal(service="AMI", event="ChallengeResponseFailed")] * 10, NOW)
    assert codes(watch) == []


def test_what_is_no_address_is_counted_too() -> None:
    watch = Watch()
    watch.hear([refusal().replace(b"IPV4/UDP/10.0.0.7/5060", b"x")] * 3, NOW)
    assert codes(watch) == ["refused"]


def test_a_scan_from_everywhere_stays_within_bounds() -> None:
    watch = Watch()
    watch.hear([refusal(f"10.{n // 250}.{n % 250}.1") for n in range(3 * MOST_ADDRESSES)], NOW)
    watch.hear([refusal()] * (5 * MOST_OF_EACH), NOW)
    assert watch.figures(NOW)["refused_requests"] == MOST_ADDRESSES - 1 + MOST_OF_EACH
    assert codes(watch) == ["refused"]


def listed(*states: tuple[str, str]) -> list[bytes]:
    """What Asterisk says when it is asked for its registrations."""
    told = [
        [("Event", "OutboundRegistrationDetail"), ("ObjectName", name), ("Status", state)] for name, state in states
    ]
    told.append([("Event", "OutboundRegistrationDetailComplete"), ("EventList", "Complete")])
    return [frames.encode(headers).removesuffix(frames.END) for headers in told]


@pytest.mark.parametrize("state", ["Unregistered", "Rejected", "Stopped"])
def test_a_registration_that_does_not_hold(state: str) -> None:
    watch = Watch()
    for _ in range(FIRM - 1):
        watch.hear(listed(("telkom", state), ("other", "Registered")), NOW)
    assert codes(watch) == [], "a PBX that has just started registers a moment later"
    watch.hear(listed(("telkom", state), ("other", "Registered")), NOW)
    (alarm,) = watch.alarms(NOW)
    assert (alarm.code, "telkom" in alarm.message) == ("registration", True)
    assert watch.figures(NOW)["registrations_lost"] == 1
    watch.hear(listed(("telkom", "Registered"), ("other", "Registered")), NOW)
    assert codes(watch) == []
    watch.hear(listed(("telkom", state)), NOW)
    assert codes(watch) == []


def test_a_registration_that_was_taken_out_is_missed_by_nobody() -> None:
    watch = Watch()
    for _ in range(FIRM):
        watch.hear(listed(("telkom", "Rejected")), NOW)
    assert codes(watch) == ["registration"]
    watch.hear(listed(), NOW)
    assert codes(watch) == []
