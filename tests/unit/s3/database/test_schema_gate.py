"""The gate before migrations: open once after a change, closed otherwise, one at a time."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest
from pydal.adapters.base import BaseAdapter

from s3.data_model.errors import SchemaBusy, SchemaOutdated
from s3.database import schema_gate as schema_gate
from s3.database.connect import connect
from s3.database.schema_gate import SchemaGate, create_indices
from tests.support.eden import open_environment
from tests.support.places import APPLICATION

URI = "sqlite://storage.sqlite"


@pytest.fixture
def application(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "db.py").write_text("x = 1\n")
    return tmp_path


def migrate(application: Path) -> bool:
    gate = SchemaGate(str(application), URI, ["org"])
    opened = gate.open()
    if opened:
        db = connect(URI, str(application / "databases"), pool_size=0, migrate=True)
        db.executesql("CREATE TABLE IF NOT EXISTS auth_user (id INTEGER)")
        gate.close(db)
        db.close()
    return opened


def test_migrates_once(application: Path) -> None:
    assert migrate(application) is True
    assert migrate(application) is False


def test_migrates_again_when_a_model_changed(application: Path) -> None:
    migrate(application)
    (application / "models" / "db.py").write_text("x = 1\ny = 2\n")
    assert migrate(application) is True


def test_whoever_may_only_look_migrates_nothing(application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(schema_gate.LOOK_ONLY, "1")
    with pytest.raises(SchemaOutdated, match=r"\./run --exit"):
        migrate(application)
    assert not (application / "databases").exists()
    monkeypatch.delenv(schema_gate.LOOK_ONLY)
    migrate(application)
    monkeypatch.setenv(schema_gate.LOOK_ONLY, "1")
    assert migrate(application) is False


def folders_with_tables() -> list[str]:
    """Return the folders of the application whose modules have a function that declares tables."""
    paths = (APPLICATION / "modules").rglob("*.py")
    found = [path for path in paths if re.search(r"^def define\w*\(", path.read_text("utf-8"), re.MULTILINE)]
    return sorted({str(path.parent.relative_to(APPLICATION)) for path in found})


@pytest.mark.parametrize("folder", [*folders_with_tables(), "modules/s3/data_model"])
def test_migrates_again_when_a_module_changed_that_makes_columns(application: Path, folder: str) -> None:
    (application / folder).mkdir(parents=True)
    (application / folder / "tables.py").write_text("x = 1\n")
    migrate(application)
    (application / folder / "tables.py").write_text("x = 1\ny = 2\n")
    assert migrate(application) is True


def test_migrates_again_when_the_database_is_gone(application: Path) -> None:
    migrate(application)
    os.remove(application / "databases" / "storage.sqlite")
    assert migrate(application) is True


def test_other_modules_are_another_schema(application: Path) -> None:
    migrate(application)
    assert SchemaGate(str(application), URI, ["org", "cr"]).is_current() is False


def test_the_second_waits_for_the_first(application: Path) -> None:
    first = SchemaGate(str(application), URI, ["org"])
    assert first.open()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(migrate(application)))
    thread.start()
    thread.join(0.3)
    assert thread.is_alive() and not answers
    db = connect(URI, str(application / "databases"), pool_size=0, migrate=True)
    db.executesql("CREATE TABLE auth_user (id INTEGER)")
    first.close(db)
    db.close()
    thread.join(5)
    assert answers == [False]


def test_waiting_ends_with_an_explanation(application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_gate, "PATIENCE", 0.2)
    first = SchemaGate(str(application), URI, ["org"])
    assert first.open()
    caught: list[BaseException] = []

    def second() -> None:
        try:
            migrate(application)
        except SchemaBusy as error:
            caught.append(error)

    thread = threading.Thread(target=second)
    thread.start()
    thread.join(5)
    SchemaGate._release()
    assert "schema.lock" in str(caught[0])


def test_a_request_that_failed_halfway_does_not_block_its_thread(application: Path) -> None:
    assert SchemaGate(str(application), URI, ["org"]).open()
    assert migrate(application) is True


def test_pydals_notes_about_a_lost_database_are_removed(application: Path) -> None:
    gate = SchemaGate(str(application), URI, ["org"])
    assert gate.open()
    db = connect(URI, str(application / "databases"), pool_size=0, migrate=True)
    note = application / "databases" / f"{db._uri_hash}_org_office.table"
    note.write_bytes(b"stale")
    gate.connected(db)
    assert not note.exists()
    gate.close(db)


def test_a_request_that_fails_lets_others_try_as_soon_as_its_connection_closes(application: Path) -> None:
    answers: list[bool] = []

    def fail() -> None:
        gate = SchemaGate(str(application), URI, ["org"])
        answers.append(gate.open())
        gate.connected(connect(URI, str(application / "databases"), pool_size=0, migrate=True))
        BaseAdapter.close_all_instances("rollback")
        other = threading.Thread(target=lambda: answers.append(migrate(application)))
        other.start()
        other.join(5)

    # In a thread of its own, as web2py's requests: it closes all that its thread has opened, other tests' as well.
    request = threading.Thread(target=fail)
    request.start()
    request.join(10)
    assert answers == [True, True]


def test_lookups_have_indices(tmp_path: Path) -> None:
    db = open_environment(str(tmp_path), "sqlite:memory", families=("org",))["db"]
    create_indices(db)
    names = {row[0] for row in db.executesql("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert {"ix_org_office_organisation_id", "ix_org_office_modified_on", "ix_pr_contact_pe_id"} <= names
    assert "ix_org_office_created_by" not in names
    plan = db.executesql("EXPLAIN QUERY PLAN SELECT id FROM org_office WHERE organisation_id = 1")
    assert "USING" in plan[0][3] and "INDEX" in plan[0][3]


def test_an_index_that_repeats_another_one_is_not_made_and_goes_where_it_was(tmp_path: Path) -> None:
    db = open_environment(str(tmp_path), "sqlite:memory", families=("org",))["db"]
    db.executesql("CREATE INDEX other_modified_on ON org_office (modified_on, id)")
    db.executesql("DROP INDEX ix_org_office_organisation_id")
    db.executesql("CREATE INDEX few ON org_office (organisation_id) WHERE organisation_id > 7")
    create_indices(db)
    names = {row[0] for row in db.executesql("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "ix_org_office_modified_on" not in names
    assert {"other_modified_on", "few", "ix_org_office_organisation_id"} <= names


def test_sqlite_is_tuned(tmp_path: Path) -> None:
    db = open_environment(str(tmp_path), families=("gis",))["db"]
    assert db.executesql("PRAGMA journal_mode")[0][0] == "wal"
    assert db.executesql("PRAGMA synchronous")[0][0] == 1
    assert db.executesql("PRAGMA busy_timeout")[0][0] == 30000
