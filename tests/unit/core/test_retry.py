"""Repeating: by the type of the error, as often as allowed, no sooner than asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from s3sync.core.errors import PeerBusy, PeerRefused, PeerUnreachable
from s3sync.core.retry import NO_RETRY, RetryPolicy, next_try
from s3sync.exchange.run.failures import Cancelled


class Step:
    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def test_transient_failures_are_repeated_with_growing_waits() -> None:
    waits: list[float] = []
    step = Step(PeerUnreachable("a"), PeerUnreachable("b"))
    assert RetryPolicy(attempts=3, first_delay=1, factor=3).run(step, sleep=waits.append) == "done"
    assert step.calls == 3
    assert 0.8 <= waits[0] <= 1.2 and 2.4 <= waits[1] <= 3.6


def test_the_last_error_comes_out() -> None:
    with pytest.raises(PeerUnreachable, match="b"):
        RetryPolicy(attempts=2).run(
            Step(PeerUnreachable("a"), PeerUnreachable("b")), sleep=lambda seconds: None
        )


def test_a_final_error_is_not_repeated() -> None:
    step = Step(PeerRefused("no"))
    with pytest.raises(PeerRefused):
        RetryPolicy().run(step, sleep=lambda seconds: None)
    assert step.calls == 1


def test_once_means_once() -> None:
    step = Step(PeerBusy("later"))
    with pytest.raises(PeerBusy):
        NO_RETRY.run(step)
    assert step.calls == 1


def test_the_peers_own_time_is_kept_up_to_a_limit() -> None:
    assert 12.0 <= RetryPolicy().delay(1, PeerBusy("later", retry_after=12.0)) <= 13.2
    assert 30 <= RetryPolicy(longest_delay=30).delay(1, PeerBusy("later", retry_after=7200.0)) <= 33


def test_sites_that_were_told_the_same_second_come_back_spread_out_and_never_before() -> None:
    waits = [RetryPolicy().delay(1, PeerBusy("later", retry_after=20.0)) for _ in range(200)]
    assert min(waits) >= 20.0 and max(waits) - min(waits) > 1.0


def test_waiting_can_be_cancelled_and_retries_are_told() -> None:
    told: list[int] = []

    def cancelled(seconds: float) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        RetryPolicy().run(
            Step(PeerBusy("x")), sleep=cancelled, on_retry=lambda error, attempt, wait: told.append(attempt)
        )
    assert told == [1]


@pytest.mark.parametrize(
    ("attempt", "scheduled", "expected"),
    [
        (0, None, 1),
        (1, None, 5),
        (2, None, 15),
        (3, None, 60),
        (4, None, None),
        (0, 19 * 60, 1),
        (3, 19 * 60, 60),
        (3, 60, None),
        (0, 1, None),
        (1, 4, None),
        (1, 6, 5),
    ],
)
def test_a_run_is_tried_again_until_the_schedule_goes_on(
    attempt: int, scheduled: int | None, expected: int | None
) -> None:
    now = datetime(2026, 3, 1, 3)
    following = None if scheduled is None else now + timedelta(minutes=scheduled)
    wanted = None if expected is None else now + timedelta(minutes=expected)
    assert next_try(attempt, now, following) == wanted


def test_an_attempt_that_got_on_is_not_counted() -> None:
    def lost(brought: int) -> PeerUnreachable:
        error = PeerUnreachable("the line broke")
        error.brought = brought
        return error

    step = Step(*(lost(100_000) for _ in range(20)))
    assert RetryPolicy(attempts=2).run(step, sleep=lambda seconds: None) == "done"
    step = Step(*(lost(100) for _ in range(20)))
    with pytest.raises(PeerUnreachable):
        RetryPolicy(attempts=2).run(step, sleep=lambda seconds: None)
    assert step.calls == 2
    step = Step(lost(100_000), lost(0))
    with pytest.raises(PeerUnreachable):
        NO_RETRY.run(step, sleep=lambda seconds: None)
    assert step.calls == 2
