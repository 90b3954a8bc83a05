"""Permissions to send a body, with a clock that the test turns."""

from __future__ import annotations

import pytest

from s3sync.web.front.permissions import HOLDS, MOST_REMEMBERED, Permissions


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def permissions(clock: Clock) -> Permissions:
    return Permissions(clock)


def test_a_permission_holds_for_a_while_and_for_one_asker(permissions: Permissions, clock: Clock) -> None:
    permissions.give("a", 100)
    assert permissions.most("a", 50) == 100 and permissions.most("b", 50) is None
    clock.now += HOLDS - 1
    assert permissions.most("a", None) == 100
    clock.now += 1
    assert permissions.most("a", 50) is None


def test_a_larger_body_is_asked_about(permissions: Permissions) -> None:
    permissions.give("a", 100)
    assert permissions.most("a", 100) == 100 and permissions.most("a", 101) is None


def test_a_permission_that_is_given_again_holds_from_then_on(permissions: Permissions, clock: Clock) -> None:
    permissions.give("a", 100)
    clock.now += HOLDS - 1
    permissions.give("a", 200)
    clock.now += HOLDS - 1
    assert permissions.most("a", 150) == 200


def test_a_permission_that_is_taken_is_gone(permissions: Permissions) -> None:
    permissions.give("a", 100)
    permissions.take("a")
    permissions.take("b")
    assert permissions.most("a", 1) is None


def test_not_more_are_remembered_than_there_is_room_for(permissions: Permissions, clock: Clock) -> None:
    for number in range(MOST_REMEMBERED + 5):
        permissions.give(number, 100)
    known = [number for number in range(MOST_REMEMBERED + 5) if permissions.most(number, 1) is not None]
    assert known == list(range(5, MOST_REMEMBERED + 5))
    clock.now += HOLDS
    permissions.give("a", 100)
    assert list(permissions._given) == ["a"]
