"""An index that only costs is taken off databases of SQLite, and nothing else of them changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3.database.constraints import loosen
from tests.support import eden
from tests.support.eden import open_environment


def unique(db: Any, table: str) -> bool:
    """Return whether the uuid of a table is unique."""
    rows = db.executesql(
        f"SELECT i.name FROM pragma_index_list('{table}') l, pragma_index_info(l.name) i WHERE l.\"unique\""
    )
    return ("uuid",) in rows


@pytest.fixture
def from_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A database of a version that kept the index, with an organisation and an office."""
    with monkeypatch.context() as patched:
        patched.setattr(eden, "loosen", lambda db: None)
        site = open_environment(str(tmp_path))
    db, s3db = site["db"], site["s3db"]
    organisation = s3db["org_organisation"].insert(name="Red Cross")
    s3db["org_office"].insert(name="Bonn", organisation_id=organisation)
    removed = s3db["pr_pentity"].insert(uuid="removed")
    db(s3db["pr_pentity"]._id == removed).delete()
    db.commit()
    assert unique(db, "pr_pentity")
    return site


def test_super_entities_lose_their_index_and_keep_their_rows(from_before: dict[str, Any]) -> None:
    db = from_before["db"]
    supers = ("pr_pentity", "org_site", "doc_entity")
    before = {name: db.executesql(f"SELECT * FROM {name}") for name in supers}
    indices = db.executesql("SELECT name FROM sqlite_master WHERE type = 'index' AND sql > '' ORDER BY name")
    loosen(db)
    assert not any(unique(db, name) for name in supers)
    assert unique(db, "org_organisation")
    assert {name: db.executesql(f"SELECT * FROM {name}") for name in supers} == before
    assert len(before["pr_pentity"]) == 2
    assert indices == db.executesql(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql > '' ORDER BY name"
    )
    assert db.executesql("PRAGMA foreign_keys") == [(1,)]
    assert db.executesql("PRAGMA foreign_key_check") == []


def test_a_key_of_a_removed_row_is_not_given_out_again(from_before: dict[str, Any]) -> None:
    db, pentity = from_before["db"], from_before["s3db"]["pr_pentity"]
    loosen(db)
    assert pentity.insert(uuid="new") == 4


def test_references_to_a_super_entity_are_still_guarded(from_before: dict[str, Any]) -> None:
    db = from_before["db"]
    loosen(db)
    with pytest.raises(Exception, match="FOREIGN KEY"):
        db.executesql("UPDATE org_office SET pe_id = 999")
    db.rollback()


def test_a_failure_leaves_the_table_as_it_was(from_before: dict[str, Any]) -> None:
    db = from_before["db"]
    db.executesql("CREATE TABLE pr_pentity__copy (in_the_way)")
    db.commit()
    with pytest.raises(Exception, match="already exists"):
        loosen(db)
    assert unique(db, "pr_pentity")
    assert len(db.executesql("SELECT * FROM pr_pentity")) == 2
    assert db.executesql("PRAGMA foreign_keys") == [(1,)]


def test_records_made_here_get_rows_of_their_own(tmp_path: Path) -> None:
    site = open_environment(str(tmp_path))
    table = site["s3db"]["org_organisation"]
    first, second = (table[table.insert(name=name)] for name in ("One", "Two"))
    assert first.pe_id and second.pe_id and first.pe_id != second.pe_id
