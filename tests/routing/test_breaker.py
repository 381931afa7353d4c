"""An agency's back-off, in values."""

from datetime import timedelta

from routing.breaker import FAILURES, Backoff, Share, failed, shares
from routing.retry import next_try
from tests.conftest import START


def test_an_agency_that_owes_one_p1_is_knocked_at_as_if_there_were_no_breaker() -> None:
    backoff, now = Backoff(), START
    for _ in range(12):
        backoff = failed(backoff, now, now, is_retry=now > START, jitter=0.0)
        own = next_try("P1", START, now)
        assert backoff.retry_after in (None, own)
        now = own
    assert (backoff.failures, backoff.is_open) == (12, True)
    assert now == START + timedelta(minutes=7)


def test_it_opens_after_so_many_failures_and_a_first_try_does_not_move_the_next_retry() -> None:
    backoff = Backoff()
    for count in range(1, FAILURES):
        backoff = failed(backoff, START, START, is_retry=False, jitter=0.0)
        assert (backoff.failures, backoff.is_open) == (count, False)
    opened = failed(backoff, START, START + timedelta(seconds=10), is_retry=False, jitter=0.5)
    assert opened == Backoff(FAILURES, START, START + timedelta(seconds=20.5))
    later = START + timedelta(seconds=25)
    assert failed(opened, START, later, is_retry=False, jitter=0.0).retry_after == opened.retry_after
    assert failed(opened, START, later, is_retry=True, jitter=0.0).retry_after == START + timedelta(seconds=30)


def test_who_may_be_claimed() -> None:
    assert shares(Backoff(), START, 4) == [Share("all", 4, 0)]
    urgent = Share("urgent", 4, 0)
    assert shares(Backoff(1, START), START, 4) == [urgent, Share("all", 4, 1)]
    is_open = Backoff(FAILURES, START, START + timedelta(seconds=2))
    assert shares(is_open, START, 4) == [urgent, Share("first", 4, 1)]
    assert shares(is_open, START + timedelta(seconds=2), 4) == [urgent, Share("first", 4, 1), Share("retries", 1, 1)]
