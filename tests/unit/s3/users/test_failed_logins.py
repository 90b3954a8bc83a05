"""Guessing is slowed down, for all processes of a site, and nobody who knows the password is shut out by others."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from s3.users.failed_logins import (
    FAMILIAR,
    FREE_OF_ACCOUNT,
    FREE_OF_ADDRESS,
    FREE_OF_BOTH,
    LONGEST_WAIT,
    WITHIN,
    FailedLogins,
    TooManyAttempts,
    wait_after,
)

ANN, HERE, THERE = "ann@example.org", "192.0.2.1", "198.51.100.7"


class Watch:
    """A clock to turn."""

    def __init__(self) -> None:
        self.moment = 1_800_000_000.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture()
def watch() -> Watch:
    return Watch()


@pytest.fixture()
def logins(tmp_path: Path, watch: Watch) -> FailedLogins:
    return FailedLogins(tmp_path, watch)


def waits(logins: FailedLogins, account: str = ANN, address: str = HERE) -> int:
    """Return the seconds that an attempt has to wait; otherwise it is made, and fails."""
    try:
        logins.begin(account, address, "test")
    except TooManyAttempts as refused:
        return refused.seconds
    return 0


def test_wrong_passwords_in_a_row_cost_more_and_more_time(logins: FailedLogins, watch: Watch) -> None:
    assert [waits(logins) for _ in range(FREE_OF_BOTH)] == [0] * FREE_OF_BOTH
    first = waits(logins)
    assert first > 0
    watch.moment += first
    assert waits(logins) == 0, "a try after the wait"
    assert waits(logins) > first
    for _ in range(30):
        watch.moment += LONGEST_WAIT
        assert waits(logins) == 0
    assert LONGEST_WAIT <= waits(logins) <= LONGEST_WAIT + 1
    watch.moment += WITHIN
    assert [waits(logins) for _ in range(FREE_OF_BOTH)] == [0] * FREE_OF_BOTH, "a day later all is forgotten"


def test_the_wait_doubles_up_to_a_limit() -> None:
    assert [wait_after(count, 3) for count in range(7)] == [0, 0, 0, 1, 2, 4, 8]
    assert wait_after(10**9, 3) == LONGEST_WAIT


def test_other_processes_of_the_site_see_it(logins: FailedLogins, tmp_path: Path, watch: Watch) -> None:
    other = FailedLogins(tmp_path, watch)
    for number in range(FREE_OF_BOTH):
        assert waits(other if number % 2 else logins) == 0
    assert waits(logins) and waits(other)
    with pytest.raises(TooManyAttempts):
        other.check(ANN, HERE)


def test_spelling_a_name_otherwise_is_no_way_round(logins: FailedLogins) -> None:
    for _ in range(FREE_OF_BOTH):
        waits(logins)
    assert waits(logins, " ANN@example.ORG ") and not waits(logins, "bob@example.org")


def test_many_names_from_one_address_are_slowed_down(logins: FailedLogins) -> None:
    for number in range(FREE_OF_ADDRESS):
        assert waits(logins, f"{number}@example.org") == 0
    assert waits(logins, "next@example.org") and not waits(logins, "next@example.org", THERE)


def test_one_name_from_many_addresses_is_slowed_down(logins: FailedLogins) -> None:
    for number in range(FREE_OF_ACCOUNT):
        assert waits(logins, address=f"10.0.{number // 250}.{number % 250}") == 0
    assert waits(logins, address=THERE)


def test_whoever_was_here_before_is_not_shut_out_by_others(logins: FailedLogins, watch: Watch) -> None:
    logins.succeeded(logins.begin(ANN, HERE, "test"), ANN, HERE)
    watch.moment += 1
    for number in range(FREE_OF_ACCOUNT):
        waits(logins, address=f"10.0.{number // 250}.{number % 250}")
        waits(logins, f"{number}@example.org")
    assert waits(logins, address=THERE) and waits(logins, "new@example.org")
    assert waits(logins) == 0
    watch.moment += FAMILIAR
    assert waits(logins) == 0


def test_the_right_password_clears_the_account_at_that_address(logins: FailedLogins, watch: Watch) -> None:
    for _ in range(FREE_OF_BOTH - 1):
        waits(logins)
    watch.moment += 1
    logins.succeeded(logins.begin(ANN, HERE, "test"), ANN, HERE)
    watch.moment += 1
    assert [waits(logins) for _ in range(FREE_OF_BOTH)] == [0] * FREE_OF_BOTH
    assert waits(logins)


def test_all_addresses_of_an_ipv6_network_are_one(logins: FailedLogins) -> None:
    for number in range(FREE_OF_BOTH):
        assert waits(logins, address=f"2001:db8::{number:x}") == 0
    assert waits(logins, address="2001:db8::ffff:1") and not waits(logins, address="2001:db8:1::1")
    assert (
        not waits(logins, address="::ffff:192.0.2.1") and logins.of_the_last(60, 1)[0].address == "192.0.2.1"
    )


def test_every_failure_is_written_down_and_removed_when_it_is_old(
    logins: FailedLogins, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "eden.auth"):
        for _ in range(FREE_OF_BOTH + 1):
            if not waits(logins):
                logins.failed(ANN, HERE, "test")
    assert len(caplog.messages) == FREE_OF_BOTH + 1
    assert all(ANN in each and HERE in each for each in caplog.messages)
    assert [each[:3] for each in logins.of_the_last(60, 5)] == [(ANN, HERE, FREE_OF_BOTH)]
    watch.moment += WITHIN + 1
    logins.purge(0)
    assert logins.of_the_last(10 * WITHIN, 5) == []


def test_the_file_is_for_its_owner_only(logins: FailedLogins, tmp_path: Path) -> None:
    waits(logins)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
