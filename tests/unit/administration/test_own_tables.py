"""Our tables and columns go from the database of an Eden, and nothing of its own does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydal import DAL, Field

from s3sync.administration.own_tables import drop
from s3sync.core.clock import SystemClock
from s3sync.database.tables import define as define
from s3sync.database.tables import indices as indices
from tests.support.databases import discard

#: What an Eden has in the two tables of this test, beside its meta-fields.
EDENS = {
    "sync_repository": ("name", "password", "uuid"),
    "sync_log": ("timestmp", "message", "repository_id", "uuid"),
}


class Models:
    """The data model of an Eden, as far as ``drop`` asks it."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def table(self, name: str, default: Any = None) -> Any:
        return self._db[name] if name in self._db.tables else default


@pytest.fixture
def eden(tmp_path: Path) -> Iterator[Any]:
    """The DAL of an Eden to which ours were added."""
    ours = DAL("sqlite://storage.db", folder=str(tmp_path))
    define.define(ours, SystemClock())
    indices.prepare(ours)
    ours.executesql("CREATE TABLE org_office (id INTEGER PRIMARY KEY, modified_on TIMESTAMP)")
    ours.executesql("CREATE INDEX org_office_modified_on ON org_office (modified_on)")
    ours.executesql("CREATE INDEX edens_own ON org_office (modified_on)")
    ours.sync_repository.insert(name="Headquarters", password="x", peer_version="1")
    ours.commit()
    discard(ours)
    db = DAL("sqlite://storage.db", folder=str(tmp_path), migrate_enabled=False)
    for table, fields in EDENS.items():
        db.define_table(table, *[Field(each) for each in fields])
    yield db
    discard(db)


def columns(db: Any, table: str) -> set[str]:
    return {row[1] for row in db.executesql(f"PRAGMA table_info({table})")}


def test_only_what_the_eden_has_is_left(eden: Any) -> None:
    told = drop(eden, Models(eden), ["org_office/org_office_modified_on", "org_office/long_gone"])
    eden.commit()
    left = {row[0] for row in eden.executesql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {each for each in left if each.startswith("sync_")} == set(EDENS)
    assert columns(eden, "sync_repository") == {"id", *EDENS["sync_repository"]}
    assert columns(eden, "sync_log") == {"id", *EDENS["sync_log"]}
    assert "sync_journal" in told["tables"] and "sync_repository.peer_version" in told["columns"]
    assert told["failed"] == []


def test_its_rows_and_its_own_indices_stay(eden: Any) -> None:
    drop(eden, Models(eden), ["org_office/org_office_modified_on"])
    assert eden(eden.sync_repository).select().first().name == "Headquarters"
    kept = {row[0] for row in eden.executesql("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "edens_own" in kept and not {each for each in kept if each.startswith(("sync_", "org_"))}


def test_a_second_time_there_is_nothing_to_do(eden: Any) -> None:
    drop(eden, Models(eden), ["org_office/org_office_modified_on"])
    told = drop(eden, Models(eden), ["org_office/org_office_modified_on"])
    assert told == {"tables": [], "columns": [], "failed": []}


def test_what_cannot_be_dropped_is_told_and_the_rest_goes(eden: Any) -> None:
    eden.executesql("CREATE VIEW uses AS SELECT peer_version FROM sync_repository")
    told = drop(eden, Models(eden), [])
    assert [each.partition(":")[0] for each in told["failed"]] == ["sync_repository.peer_version"]
    assert "sync_repository.peer_journal" in told["columns"]
