"""Which failures of a request say that the database was busy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon import current
from gluon.restricted import RestrictedError, restricted
from gluon.storage import Storage

from s3sync.core.errors import BadRequest, StoreBusy
from s3sync.web.busy_database import busy_of, is_passing
from tests.support.site import SampleSite

LOCKED = sqlite3.OperationalError("database is locked")


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path)
    monkeypatch.setattr(current, "db", found.db, raising=False)
    yield found
    found.close()


def wrapped(error: Exception) -> RestrictedError:
    with pytest.raises(RestrictedError) as told:
        restricted("raise error", {"error": error})
    return told.value


@pytest.mark.parametrize("error", [LOCKED, StoreBusy("busy")])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_busy_database_is_known_by_the_driver_s_error_and_ours(error: Exception, is_wrapped: bool) -> None:
    found = wrapped(error) if is_wrapped else error
    assert isinstance(busy_of(found), StoreBusy)
    assert is_passing(Storage(env=Storage(request_method="GET", path_info="/")), found)


@pytest.mark.parametrize(
    "error",
    [None, ValueError("x"), BadRequest("x"), sqlite3.IntegrityError("x"), sqlite3.OperationalError("syntax")],
)
def test_all_other_failures_are_no_busy_database(error: Exception | None) -> None:
    assert busy_of(error) is None
    if error is not None:
        assert busy_of(wrapped(error)) is None


def test_before_there_is_a_database_only_our_own_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(current, "db")
    assert busy_of(LOCKED) is None and busy_of(StoreBusy("busy")) is not None
