"""What is written through pydal about a repository, on each database: its lease and its log."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from s3sync.core.errors import AlreadyRunning, PeerRefused, RowRefused, SyncError
from s3sync.core.messages import Sentence
from s3sync.core.task import Activity, LogAction, Result
from s3sync.database.log import LONGEST_LINE, LONGEST_MESSAGE, OUTGOING, SyncLog
from s3sync.scheduler.lease import Lease
from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresDatabase,
    SQLiteDatabase,
    Storage,
    Unavailable,
)


@pytest.fixture(
    scope="module",
    params=[
        SQLiteDatabase,
        pytest.param(PostgresDatabase, marks=pytest.mark.database),
        pytest.param(MySQLDatabase, marks=pytest.mark.database),
    ],
)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    try:
        found: Database = request.param(tmp_path_factory.mktemp("databases"))
    except Unavailable as missing:
        pytest.skip(str(missing))
    yield found
    found.close()


@pytest.fixture
def site(database: Database) -> Iterator[Storage]:
    site = Storage(database)
    yield site
    site.close()
    database.empty()


@pytest.fixture
def repository(site: Storage) -> int:
    key = int(site.db.sync_repository.insert(name="other"))
    site.db.commit()
    return key


def lease(site: Storage, repository: int) -> Lease:
    return Lease(site.db, site.store.transaction, site.clock, repository, 60)


def test_a_lease_that_somebody_just_took_is_refused(
    site: Storage, repository: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = lease(site, repository)
    insert = late._insert

    def overtaken(now: Any) -> None:
        insert(now)
        insert(now)

    monkeypatch.setattr(late, "_insert", overtaken)
    with pytest.raises(AlreadyRunning):
        late.acquire()
    assert site.db(site.db.sync_lease).isempty()
    lease(site, repository).acquire()


def test_a_lease_that_is_refused_for_another_reason_is_not_somebody_elses(
    site: Storage, repository: int
) -> None:
    with pytest.raises(RowRefused):
        Lease(site.db, site.store.transaction, site.clock, repository, 60, "a duplicate of \ud800").acquire()


def test_two_beats_within_a_second_do_not_lose_the_lease(site: Storage, repository: int) -> None:
    held = lease(site, repository)
    held.acquire()
    site.db.commit()

    def connect() -> Any:
        return site.database.connect(migrate=False)

    with held.heartbeat(connect, 0.05):
        time.sleep(0.6)
    assert not held.lost.is_set()


def test_a_lease_that_was_taken_over_is_lost(site: Storage, repository: int) -> None:
    held = lease(site, repository)
    held.acquire()
    site.db(site.db.sync_lease).update(owner="somebody else")
    site.db.commit()

    def connect() -> Any:
        return site.database.connect(migrate=False)

    with held.heartbeat(connect, 0.05):
        assert held.lost.wait(5)


@pytest.mark.parametrize("length", [100, LONGEST_LINE, LONGEST_LINE + 1, 400_000])
def test_a_long_message_is_cut_off_with_a_mark_and_the_lines_after_it_stay(
    site: Storage, repository: int, length: int
) -> None:
    log = SyncLog(site.db, site.store.transaction, site.clock, repository, OUTGOING)
    said = Sentence.RECORD_REJECTED.say(record="x" * length, reason="no")
    log.task(
        "org_organisation", Activity.PULL, LogAction.FETCH, Result.FATAL, said, details=["the next line"]
    )
    row = site.db(site.db.sync_log).select().last()
    first, second = row.message.split("\n")
    assert second == "the next line" and len(first) <= LONGEST_LINE
    assert first.endswith("…") == (len(said.text) > LONGEST_LINE)
    assert len(json.dumps(row.params)) < 4 * LONGEST_LINE


def test_many_lines_are_cut_off_with_a_mark(site: Storage, repository: int) -> None:
    log = SyncLog(site.db, site.store.transaction, site.clock, repository, OUTGOING)
    log.task(None, Activity.PULL, LogAction.FETCH, Result.SUCCESS, "x", details=["y" * 1000] * 60)
    message = site.db(site.db.sync_log).select().last().message
    assert len(message) == LONGEST_MESSAGE and message.endswith("…")


def test_an_error_that_cannot_be_logged_is_in_the_log_of_the_program(
    site: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    log = SyncLog(site.db, site.store.transaction, site.clock, 4711, OUTGOING)
    with caplog.at_level(logging.ERROR, "eden.sync"):
        log.error("org_organisation", Activity.PULL, LogAction.FETCH, PeerRefused("no such table"))
    assert "no such table" in caplog.text
    with pytest.raises(SyncError):
        log.task("org_organisation", Activity.PULL, LogAction.FETCH, Result.SUCCESS, "done")
    assert site.db(site.db.sync_log).isempty()
