"""Passwords are hashed once, and never taken for right when they are not."""

from __future__ import annotations

from typing import Callable

from s3.users.password_cache import MOST, RightPasswords


class Counter:
    def __init__(self) -> None:
        self.asked = 0

    def says(self, answer: bool) -> Callable[[], bool]:
        def matches() -> bool:
            self.asked += 1
            return answer

        return matches


def test_a_right_password_is_hashed_once() -> None:
    known, counter = RightPasswords(), Counter()
    assert all(known.check("secret", "hash", counter.says(True)) for _ in range(3))
    assert counter.asked == 1


def test_a_wrong_password_is_hashed_every_time_and_stays_wrong() -> None:
    known, counter = RightPasswords(), Counter()
    assert not any(known.check("guess", "hash", counter.says(False)) for _ in range(3))
    assert counter.asked == 3


def test_another_password_or_another_hash_is_checked_anew() -> None:
    known, counter = RightPasswords(), Counter()
    assert known.check("secret", "hash", counter.says(True))
    assert not known.check("other", "hash", counter.says(False))
    assert not known.check("secret", "changed", counter.says(False))
    assert not known.check("secreth", "ash", counter.says(False)), "the border between them counts"


def test_only_so_many_are_remembered() -> None:
    known, counter = RightPasswords(), Counter()
    for number in range(MOST + 1):
        known.check(str(number), "hash", counter.says(True))
    known.check("0", "hash", counter.says(True))
    assert counter.asked == MOST + 2
