"""Our tables and columns beside those of an Eden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import DAL, Field

from s3sync.administration.eden_tables import prepare_tables
from s3sync.core.clock import SystemClock
from s3sync.database.tables import define as define
from tests.support.databases import discard


def open_eden(folder: Path) -> Any:
    """An Eden that migrates in each request, and looks for reserved words of other databases."""
    return DAL("sqlite://storage.sqlite", folder=str(folder), check_reserved=["mysql", "postgres"])


def define_as_eden(db: Any) -> None:
    db.define_table(
        "sync_repository",
        Field("name", length=64, notnull=True),
        Field("password", "password"),
        Field("deleted_fk"),
        Field("uuid", length=128, notnull=True, unique=True),
        Field("deleted", "boolean", default=False),
    )
    db.define_table("sync_task", Field("repository_id", db.sync_repository), Field("resource_name"))


@pytest.fixture
def eden(tmp_path: Path) -> Iterator[Any]:
    first = open_eden(tmp_path)
    define_as_eden(first)
    first.sync_repository.insert(name="Peer", password="open", uuid="urn:uuid:1")
    first.commit()
    discard(first)
    db = open_eden(tmp_path)
    yield db
    discard(db)


def test_rows_stay_and_columns_are_added(eden: Any) -> None:
    made = prepare_tables(eden, SystemClock())
    assert made["tables"] > 15 and made["columns"] > 10
    row = eden(eden.sync_repository).select().first()
    assert (row.name, row.password, row.capabilities, row.account_id) == ("Peer", "open", None, None)
    eden.sync_deferred.insert(tablename="a", record_id=1, fieldname="b", position=3, uuid="c")
    assert eden.executesql("PRAGMA journal_mode;")[0][0] == "wal"


def test_once_more_changes_nothing(eden: Any) -> None:
    prepare_tables(eden, SystemClock())
    eden.commit()
    before = eden.executesql("SELECT name, sql FROM sqlite_master ORDER BY name;")
    assert prepare_tables(eden, SystemClock()) == {"tables": 0, "columns": 0}
    assert eden.executesql("SELECT name, sql FROM sqlite_master ORDER BY name;") == before


def test_an_eden_that_migrates_does_not_touch_them_in_a_request(eden: Any, tmp_path: Path) -> None:
    prepare_tables(eden, SystemClock())
    eden.commit()
    notes = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.table")}
    sql = eden.executesql("SELECT sql FROM sqlite_master WHERE name = 'sync_repository';")
    request = open_eden(tmp_path)
    try:
        define.define(request, SystemClock(), migrate=False)
        assert request.sync_repository.deleted_fk.type == "text", "another type than Eden's"
        assert request(request.sync_repository.name == "Peer").count() == 1
        assert request.executesql("SELECT sql FROM sqlite_master WHERE name = 'sync_repository';") == sql
    finally:
        discard(request)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.table")} == notes and notes
