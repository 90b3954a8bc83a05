"""The log of SQLite is copied back beside the work."""

from __future__ import annotations

import sqlite3
import struct
import time
from pathlib import Path

import pytest

from s3sync.database.store import wal_checkpointer as wal_checkpointer
from s3sync.database.store.wal_checkpointer import WalCheckpointer, write_back


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(tmp_path / "a b?.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE numbers (n)")
    return connection


def copied_back(path: Path) -> int:
    """Return how many frames of the log stand in the database (nBackfill of the log's index)."""
    index = path.with_name(f"{path.name}-shm").read_bytes()
    frames: int = struct.unpack_from("=I", index, 96)[0]
    return frames


def wait_for(condition: object, seconds: float = 10.0) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def test_what_was_committed_is_copied_back(database: sqlite3.Connection, tmp_path: Path) -> None:
    path = tmp_path / "a b?.sqlite"
    before = copied_back(path)
    database.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in range(1000)])
    write_back(str(path)).wake()
    assert wait_for(lambda: copied_back(path) > before)
    assert write_back(str(path)) is write_back(str(path))


def test_the_thread_ends_without_work_and_begins_again(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal_checkpointer, "PATIENCE", 0.05)
    path = tmp_path / "a b?.sqlite"
    thread = WalCheckpointer(str(path))
    thread.wake()
    assert wait_for(lambda: thread._thread is None)
    database.execute("INSERT INTO numbers VALUES (1)")
    before = copied_back(path)
    thread.wake()
    assert wait_for(lambda: copied_back(path) > before)


def test_a_database_that_is_gone_is_told_and_not_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "gone.sqlite"
    WalCheckpointer(str(path)).wake()
    assert wait_for(lambda: "could not be copied back" in caplog.text)
    assert not path.exists()
