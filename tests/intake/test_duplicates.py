"""Which reports are proposed as duplicates, and who leaves a group with whom, as pure functions."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.duplicates import Limits, Sighting, box, head, is_alike, kinds_fit, leaving, match, metres, own_status

AT = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
HERE = (-7.0083, 113.8591)
METRE = 1 / 111_195.08  # degrees of latitude on the sphere of `metres`
SHORT = Limits(fits=(("kebakaran", "ambulans"), ("lain", "*")))


def seen(
    north_m: float | None = 0.0,
    minutes: float = 0,
    kind: str | None = "kebakaran",
    text: str | None = None,
    place: str | None = None,
) -> Sighting:
    """What a report says; `north_m` None: it has no coordinates."""
    lat, lon = (None, None) if north_m is None else (HERE[0] + north_m * METRE, HERE[1])
    return Sighting(kind, AT + timedelta(minutes=minutes), lat, lon, text, place)


# what another report says, and the reason why it is proposed beside a fire HERE, AT, of `Desa Lenteng Timur`
CASES = {
    "the same": (seen(), "0 m, 0 menit, jenis sama"),
    "at the edge": (seen(499.9, 60), "500 m, 60 menit, jenis sama"),
    "too far": (seen(500.5), None),
    "too far, whatever its text": (seen(600, text="Desa Lenteng Timur"), None),
    "too late": (seen(0, 60.1), None),
    "too early": (seen(0, -60.1), None),
    "earlier": (seen(100, -4), "100 m, 4 menit, jenis sama"),
    "an injured person": (seen(0, 0, "ambulans"), "0 m, 0 menit, jenis cocok"),
    "another thing": (seen(0, 0, "hewan"), None),
    "whatever it is": (seen(0, 0, "lain"), "0 m, 0 menit, jenis cocok"),
    "nobody knows what": (seen(0, 0, None), "0 m, 0 menit, jenis belum diketahui"),
    "the same text": (seen(None, 3, text="lenteng timur, DESA"), "tempat sama, 3 menit, jenis sama"),
    "a typing error": (seen(None, 0, text="Lenteng Timr"), "tempat sama, 0 menit, jenis sama"),
    "another text": (seen(None, 0, text="Desa Lenteng Barat"), None),
    "no place": (seen(None), None),
    "the same desa": (seen(None, 0, text="Dekat balai", place="35.29.01.2001"), "tempat sama, 0 menit, jenis sama"),
    "another desa": (seen(None, 0, text="Dekat balai", place="35.29.01.2002"), None),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_proposed(name: str) -> None:
    other, reason = CASES[name]
    one = seen(text="Desa Lenteng Timur", place="35.29.01.2001")
    found, back = match(one, other, SHORT), match(other, one, SHORT)
    assert found == back
    assert (None if found is None else str(found)) == reason
    assert found is None or 0 <= found.score <= 100


def test_nearer_sooner_and_surer_come_first() -> None:
    others = [seen(10, 1), seen(300, 1), seen(300, 30), seen(300, 30, None)]
    scores = [found.score for other in others if (found := match(seen(), other, SHORT))]
    assert scores == sorted(set(scores), reverse=True)
    assert len(scores) == 4


def test_places_by_name() -> None:
    assert is_alike("Jl. Trunojoyo, Kec. Kota Sumenep", "trunojoyo kota sumenep")
    assert not is_alike("Jl. Trunojoyo", "Jl. Diponegoro")
    assert not is_alike("", "")
    assert not is_alike(None, "Desa")
    assert not is_alike("Desa", "desa"), "what every place is called names none"


def test_kinds_fit_in_both_directions_and_only_what_is_set() -> None:
    for pair in (("ambulans", "kebakaran"), ("kebakaran", "ambulans"), ("lain", "pju"), ("pju", "lain")):
        assert kinds_fit(*pair, SHORT.fits) == "fits"
    assert kinds_fit("kebakaran", "ambulans", ()) is None
    assert kinds_fit("hewan", "hewan", ()) == "same"


def test_a_distance_that_is_known() -> None:
    sumenep, pamekasan = (-7.0167, 113.8667), (-7.1606, 113.4742)
    assert metres(sumenep, pamekasan) == pytest.approx(46_182, rel=0.01)
    assert metres((0, 179.999), (0, -179.999)) == pytest.approx(222.4, abs=0.5)


LATS, LONS = st.floats(-90, 90), st.floats(-180, 180)


@given(LATS, LONS, st.floats(0, 2 * math.pi), st.floats(0, 1), st.floats(1, 50_000))
def test_the_box_holds_all_that_is_near(lat: float, lon: float, course: float, share: float, within_m: float) -> None:
    arc = share * within_m / 6_371_008.8
    start = math.radians(lat)
    end = math.asin(
        max(-1.0, min(1.0, math.sin(start) * math.cos(arc) + math.cos(start) * math.sin(arc) * math.cos(course)))
    )
    turn = math.atan2(
        math.sin(course) * math.sin(arc) * math.cos(start), math.cos(arc) - math.sin(start) * math.sin(end)
    )
    there = (math.degrees(end), (lon + math.degrees(turn) + 540) % 360 - 180)
    if metres((lat, lon), there) > within_m:
        return  # rounding at the very edge
    south, north, west, east = box((lat, lon), within_m)
    assert south <= there[0] <= north
    assert west <= there[1] <= east or abs(there[1]) > 179.999999


NAMES = "ABCDEF"
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=25)


@given(STEPS)
def test_groups_have_one_head_and_come_apart_as_they_were_joined(steps: list[tuple[str, str]]) -> None:
    """A step (a, b) joins a to b's head when it may, and undoes a's join when a == b; against sets of names."""
    joined_to: dict[str, str | None] = dict.fromkeys(NAMES)
    for one, other in steps:
        before = {name: head(joined_to, name) for name in NAMES}
        group = {name for name in NAMES if before[name] == before[one]}
        if one == other and joined_to[one] is not None:
            gone = leaving(joined_to, one)
            joined_to[one] = None
            assert gone == {name for name in NAMES if head(joined_to, name) == one}
            assert gone < group
            assert {head(joined_to, name) for name in group - gone} == {before[one]}
        elif one != other and joined_to[one] is None and before[other] != one:
            joined_to[one] = before[other]
            assert {head(joined_to, name) for name in group} == {before[other]}
    for name in NAMES:
        assert joined_to[head(joined_to, name)] is None


def test_the_status_of_its_own() -> None:
    def becomes(status: str, *, unfinished: bool = False, resolved: bool = False) -> str:
        return own_status(status, unfinished=unfinished, resolved=resolved)

    assert becomes("closed", resolved=True) == "reopened"
    assert becomes("resolved", resolved=True) == "resolved"
    assert becomes("dispatched", resolved=True) == "resolved"
    assert becomes("resolved") == becomes("dispatched") == becomes("working") == "working"
    assert becomes("resolved", unfinished=True) == becomes("dispatched", unfinished=True) == "dispatched"
    assert becomes("reopened", unfinished=True) == "reopened"
