"""Passwords are stored with the cost of today, and a wrong one costs the same whatever is stored."""

from __future__ import annotations

from typing import Any

import pytest
from gluon import Field
from gluon.validators import CRYPT

from s3.users import password_rules as password_rules
from s3.users.password_rules import PASSWORD_ALGORITHM, hashed, is_outdated, is_right

OLD = "pbkdf2(20000,20,sha512)"


def field(algorithm: str = PASSWORD_ALGORITHM) -> Any:
    return Field("password", "password", requires=CRYPT(digest_alg=algorithm))


def test_the_cost_is_what_is_advised_today() -> None:
    stored = hashed(field(), "a-long-password")
    assert stored.startswith("pbkdf2(210000,") and not is_outdated(stored)
    assert is_right(field(), "a-long-password", stored) and not is_right(field(), "another", stored)


@pytest.mark.parametrize("algorithm", [OLD, "sha512", "md5"])
def test_older_hashes_are_still_right_and_outdated(algorithm: str) -> None:
    stored = hashed(field(algorithm), "a-long-password")
    assert is_outdated(stored)
    assert is_right(field(), "a-long-password", stored) and not is_right(field(), "another", stored)


@pytest.mark.parametrize(
    ("stored", "more"),
    [
        (None, 0),
        ("", 0),
        (f"{PASSWORD_ALGORITHM}$x$00", 0),
        (f"{OLD}$x$00", 190_000),
        ("sha512$x$00", 210_000),
    ],
)
def test_a_wrong_password_costs_the_same_whatever_is_stored(
    stored: str | None, more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[int] = []
    monkeypatch.setattr(password_rules, "spend", spent.append)
    assert not is_right(field(), "guess", stored)
    assert spent == [more]


@pytest.mark.parametrize("password", ["", "x$y$z", f"{PASSWORD_ALGORITHM}$salt$00"])
def test_nobody_logs_in_without_a_stored_password(password: str) -> None:
    assert not is_right(field(), password, None) and not is_right(field(), password, "")
