"""How many tries may be in flight, in values."""

from routing.width import FAST_MS, IN_FLIGHT, MOST_IN_FLIGHT, Width


def test_it_grows_while_the_agency_is_fast_and_only_so_far() -> None:
    width = Width()
    assert (width.slots, width.most) == (IN_FLIGHT, IN_FLIGHT)
    for count in range(1, 2 * MOST_IN_FLIGHT):
        width.ended(FAST_MS, 3)
        assert width.slots == width.most == min(IN_FLIGHT + count, MOST_IN_FLIGHT)


def test_one_that_is_slow_or_fails_makes_it_narrow_and_every_slot_that_ends_is_for_a_p1() -> None:
    for took_ms in (FAST_MS + 1, None):
        width = Width(slots=MOST_IN_FLIGHT, most=MOST_IN_FLIGHT)
        width.ended(took_ms, MOST_IN_FLIGHT - 1)
        assert (width.slots, width.most) == (IN_FLIGHT, MOST_IN_FLIGHT)
        width.ended(took_ms, 9)
        assert (width.slots, width.most) == (IN_FLIGHT, 10)
        width.ended(took_ms, 2)
        assert (width.slots, width.most) == (IN_FLIGHT, IN_FLIGHT)
