"""Accounts that an operator looks after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3db.setup import is_administrator, prepare, set_password
from tests.support.eden import open_environment

ANN, FORMER, NEW = "ann@example.org", "a-former-password", "a-new-password"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, Any]:
    from gluon.storage import Storage

    found: dict[str, Any] = open_environment(str(tmp_path), "sqlite:memory")
    prepare({**found, "request": Storage(folder=str(tmp_path))}, ANN, FORMER)
    return found


def test_a_password_is_replaced(environment: dict[str, Any]) -> None:
    assert is_administrator(environment, ANN, FORMER)
    assert set_password(environment, ANN, NEW)
    assert is_administrator(environment, ANN, NEW) and not is_administrator(environment, ANN, FORMER)


def test_nobody_is_made_and_no_short_one_is_taken(environment: dict[str, Any]) -> None:
    assert not set_password(environment, "bob@example.org", NEW)
    assert environment["db"](environment["db"].auth_user).count() == 1
    with pytest.raises(ValueError, match="at least 8"):
        set_password(environment, ANN, "short")
    assert is_administrator(environment, ANN, FORMER)
