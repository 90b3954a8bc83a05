"""The record behind a form is read as it is and stays as it is until it is saved, on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydal import Field

from s3.pages.concurrent_edit import lock_record
from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresDatabase,
    SQLiteDatabase,
    Unavailable,
    discard,
)

pytestmark = pytest.mark.database


@pytest.fixture(params=[SQLiteDatabase, PostgresDatabase, MySQLDatabase], ids=lambda kind: kind.dialect)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    try:
        made = request.param(tmp_path)
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


def opened(database: Database, migrate: bool) -> Any:
    db = database.connect(migrate)
    db.define_table(
        "office", Field("name"), Field("phone"), Field("deleted", "boolean", default=False), migrate=migrate
    )
    return db


def test_a_form_sees_the_change_of_another_and_holds_the_next_one_back(database: Database) -> None:
    mine, other = opened(database, True), opened(database, False)
    key = mine.office.insert(name="A", phone="1")
    mine.commit()
    # This connection has read before the other one writes.
    assert mine.office[key].phone == "1"
    other(other.office.id == key).update(phone="2")
    other.commit()
    assert lock_record(mine.office, key).phone == "2"

    def write() -> None:
        late = opened(database, False)
        late(late.office.id == key).update(phone="3")
        late.commit()
        discard(late)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(0.3)
    assert writer.is_alive(), "the other writer waits"
    mine(mine.office.id == key).update(name="B")
    mine.commit()
    writer.join(20)
    assert (mine.office[key].name, mine.office[key].phone) == ("B", "3")
    for db in (mine, other):
        discard(db)


def test_a_record_that_is_gone_is_none(database: Database) -> None:
    db = opened(database, True)
    key = db.office.insert(name="A", deleted=True)
    assert lock_record(db.office, key) is None
    discard(db)
