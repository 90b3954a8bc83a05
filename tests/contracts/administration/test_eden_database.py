"""The database of an Eden: ours is added beside what is there, and goes again, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import DAL, Field

from s3sync.administration.eden_tables import columns_here, prepare_tables
from s3sync.administration.own_tables import drop, indices_here
from s3sync.core.clock import SystemClock
from s3sync.database.store import open_store
from s3sync.database.tables import indices as indices
from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresDatabase,
    SQLiteDatabase,
    Unavailable,
    discard,
)

SERVERS = [
    pytest.param(SQLiteDatabase, id="sqlite"),
    pytest.param(PostgresDatabase, id="postgres", marks=pytest.mark.database),
    pytest.param(MySQLDatabase, id="mysql", marks=pytest.mark.database),
]


def define_as_eden(db: DAL) -> None:
    """Define the tables of an Eden that matter here, with its types."""
    db.define_table(
        "sync_repository",
        Field("name", length=64, notnull=True),
        Field("password", "password", length=512),
        Field("uuid", length=128, notnull=True, unique=True),
    )
    db.define_table("sync_log", Field("timestmp", "datetime"), Field("repository_id", "integer"))
    db.define_table("org_office", Field("modified_on", "datetime"))


class Models:
    """The data model of an Eden, as far as it is asked."""

    def __init__(self, db: DAL) -> None:
        self._db = db

    def table(self, name: str, default: Any = None) -> Any:
        return self._db[name] if name in self._db.tables else default


@pytest.fixture(params=SERVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    try:
        found = request.param(tmp_path)
    except Unavailable as reason:
        pytest.skip(str(reason))
    db = found.connect()
    define_as_eden(db)
    db.sync_repository.insert(name="Peer", password="open", uuid="urn:uuid:1")
    db.commit()
    discard(db)
    yield found
    found.close()


def opened(database: Database) -> DAL:
    """Open the Eden's database as its next process does."""
    db = database.connect(migrate=False)
    define_as_eden(db)
    return db


def layout(db: DAL) -> tuple[Any, ...]:
    """Return the columns of the tables of the synchronisation with their lengths, all indices, and what counts."""
    store = open_store(db)
    own = {(str(row[0]), str(row[1])) for row in store.rows(store.INDEX_COLUMNS)}
    return columns_here(db), sorted(own), sorted(indices_here(db)), counters(db)


def counters(db: DAL) -> list[str]:
    """Return what counts beside the tables."""
    store = open_store(db)
    query = "SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()"
    return sorted(row[0] for row in store.rows(query)) if store.dialect == "postgres" else []


def test_what_was_added_goes_again_and_nothing_else(database: Database) -> None:
    db = opened(database)
    before = layout(db)
    made = prepare_tables(db, SystemClock())
    indices.prepare(db)
    before_ours = indices_here(db)
    db.executesql("CREATE INDEX org_office_modified_on ON org_office (modified_on)")
    if db._adapter.dbengine == "postgres":
        db.executesql("CREATE INDEX org_office_alike ON org_office ((id + 1))")
    made_ours = indices_here(db) - before_ours
    db.commit()
    assert made["tables"] > 10 and made["columns"] > 3 and layout(db) != before
    assert prepare_tables(db, SystemClock()) == {"tables": 0, "columns": 0}
    discard(db)
    db = opened(database)
    told = drop(db, Models(db), made_ours)
    db.commit()
    assert told["failed"] == [] and layout(db) == before
    row = db(db.sync_repository).select().first()
    assert (row.name, row.password, row.uuid) == ("Peer", "open", "urn:uuid:1")
    discard(db)
