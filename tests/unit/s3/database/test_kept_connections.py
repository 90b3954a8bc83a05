"""Connections to SQLite that are kept between requests: nothing of a request is left in them for the next one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3.database import connect as connecting
from s3.database import kept_connections as kept_connections
from s3.database.connect import BUSY_TIMEOUT, connect
from s3.database.kept_connections import KeptConnections, kept_connection
from s3sync.database.store import open_store

URI = "sqlite://storage.sqlite"


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptConnections]:
    own = KeptConnections()
    monkeypatch.setattr(kept_connections, "_kept", own)
    yield own
    own.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    other(tmp_path).execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)")
    return tmp_path


def other(folder: Path) -> sqlite3.Connection:
    """Another process."""
    return sqlite3.connect(folder / "storage.sqlite", isolation_level=None)


class Request:
    """A request, with its database.

    Args:
        folder: where the database is.
        most: connections that are kept.
    """

    def __init__(self, folder: Path, most: int = 10) -> None:
        self.db: Any = connect(URI, str(folder), pool_size=most)

    def __enter__(self) -> Any:
        return self.db

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # As web2py does at the end of a request.
        self.db._adapter.close("commit" if kind is None else "rollback")
        self.db.close()


def connection_of(folder: Path) -> Any:
    with Request(folder) as db:
        return db._adapter.connection


def told(db: Any, pragma: str) -> int:
    return int(db.executesql(f"PRAGMA {pragma}")[0][0])


def test_the_next_request_uses_the_connection_of_the_last_one(folder: Path) -> None:
    first = connection_of(folder)
    assert connection_of(folder) is first


def test_what_a_request_has_set_ends_with_it(folder: Path) -> None:
    usual = {"foreign_keys": 1, "busy_timeout": BUSY_TIMEOUT, "cache_size": -2000, "wal_autocheckpoint": 1000}
    with Request(folder) as db:
        first = db._adapter.connection
        assert {each: told(db, each) for each in usual} == usual
        for each in ("busy_timeout = 5", "cache_size = -8192", "wal_autocheckpoint = 50000"):
            db.executesql(f"PRAGMA {each}")
    with Request(folder) as db:
        assert db._adapter.connection is first
        assert {each: told(db, each) for each in usual} == usual


def test_statements_stay_prepared(folder: Path) -> None:
    """Else keeping a connection would be of no use: to prepare a long statement takes twenty times its time."""
    seen: list[Any] = []

    def asked(*about: Any) -> int:
        """SQLite asks for what a statement reads whenever it prepares one."""
        seen.append(about[1])
        return sqlite3.SQLITE_OK

    with Request(folder) as db:
        first = db._adapter.connection
        first.set_authorizer(asked)
        db.executesql("SELECT name FROM thing")
        assert "thing" in seen
    seen.clear()
    with Request(folder) as db:
        assert db._adapter.connection is first
        db.executesql("SELECT name FROM thing")
    assert "thing" not in seen
    first.set_authorizer(None)


def test_a_query_that_nobody_read_to_its_end_does_not_hold_what_the_next_request_sees(folder: Path) -> None:
    other(folder).executemany("INSERT INTO thing (name) VALUES (?)", [("a",), ("b",)])
    with Request(folder) as db:
        first = db._adapter.connection
        begun = first.execute("SELECT name FROM thing ORDER BY id")
        assert begun.fetchone() == ("a",)
    other(folder).execute("INSERT INTO thing (name) VALUES ('c')")
    with Request(folder) as db:
        assert db._adapter.connection is first
        assert db.executesql("SELECT COUNT(*) FROM thing") == [(3,)]
    with pytest.raises(sqlite3.ProgrammingError):
        begun.fetchone()


@pytest.mark.parametrize("fails", [False, True])
def test_a_transaction_ends_with_its_request(folder: Path, fails: bool) -> None:
    try:
        with Request(folder) as db:
            db.executesql("INSERT INTO thing (name) VALUES ('new')")
            if fails:
                raise ValueError
    except ValueError:
        pass
    assert not connection_of(folder).in_transaction
    assert other(folder).execute("SELECT COUNT(*) FROM thing").fetchone() == (0 if fails else 1,)


def test_one_with_an_open_transaction_is_not_kept(folder: Path) -> None:
    with Request(folder) as db:
        first = db._adapter.connection
    with Request(folder) as db:
        db.executesql("INSERT INTO thing (name) VALUES ('new')")
        db._adapter.commit = lambda: None
    assert connection_of(folder) is not first
    assert other(folder).execute("SELECT COUNT(*) FROM thing").fetchone() == (0,), "closed, so undone"


def test_a_file_that_takes_the_place_of_the_database_is_opened(folder: Path) -> None:
    first = connection_of(folder)
    for each in folder.glob("storage.sqlite*"):
        each.rename(folder / f"former.{each.name}")
    other(folder).execute("CREATE TABLE another (id INTEGER)")
    with Request(folder) as db:
        assert db._adapter.connection is not first
        assert db.executesql("SELECT COUNT(*) FROM another") == [(0,)]


def test_no_more_are_kept_than_the_settings_say(folder: Path, kept: KeptConnections) -> None:
    with Request(folder, 1) as db, Request(folder, 1) as beside:
        used = {db._adapter.connection, beside._adapter.connection}
    path = str(folder / "storage.sqlite")
    assert kept.take(path) in used
    assert kept.take(path) is None


def test_a_forked_process_opens_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = connection_of(folder)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert connection_of(folder) is not first
    monkeypatch.undo()
    first.execute("SELECT 1")  # it was left as it was


@pytest.mark.parametrize("options", [{"pool_size": 0}, {"pool_size": 10, "migrate": True}])
def test_none_is_kept_where_none_shall_be(folder: Path, kept: KeptConnections, options: Any) -> None:
    db: Any = connect(URI, str(folder), **options)
    db.executesql("SELECT 1")
    db._adapter.close("commit")
    db.close()
    assert kept.take(str(folder / "storage.sqlite")) is None


def test_what_failed_is_not_kept(tmp_path: Path, kept: KeptConnections) -> None:
    path = str(tmp_path / "small.sqlite")
    with pytest.raises(ValueError), kept_connection(path, {}, 3):
        raise ValueError
    assert kept.take(path) is None
    with kept_connection(path, {}, 3) as first:
        first.execute("SELECT 1")
    with kept_connection(path, {}, 3) as again:
        assert again is first


def test_a_function_that_a_request_before_has_taught_is_no_obstacle_while_a_query_is_open(
    folder: Path,
) -> None:
    """SQLite takes no known function again then."""
    other(folder).executemany("INSERT INTO thing (name) VALUES (?)", [("É",), ("b",)])
    for _ in range(2):
        with Request(folder) as db:
            open_query = db._adapter.connection.execute("SELECT name FROM thing ORDER BY id")
            open_query.fetchone()
            lowered = open_store(db).lowered("name", ["é"])
            assert db.executesql(f"SELECT {lowered} FROM thing ORDER BY id") == [("é",), ("b",)]


def test_the_log_of_a_large_import_does_not_stay_as_large_while_a_connection_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "LOG_SIZE", 100_000)
    log = folder / "storage.sqlite-wal"
    with Request(folder) as db:
        db.executesql("PRAGMA wal_autocheckpoint = 50000")
        for number in range(200):
            db.executesql("INSERT INTO thing (name) VALUES (?)", [str(number) * 10_000])
    assert log.stat().st_size > 1_000_000
    with Request(folder) as db:
        db.executesql("PRAGMA wal_checkpoint(PASSIVE)")
        # Only the next one that writes begins the log anew.
        db.executesql("INSERT INTO thing (name) VALUES ('x')")
    assert log.stat().st_size <= 100_000
