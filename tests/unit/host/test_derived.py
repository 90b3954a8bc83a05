"""What callbacks make of records is found out by calling them, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.host.derived import Finder
from tests.support.thin_eden import ThinEden

ORG, OFFICE = "org_organisation", "org_office"


@pytest.fixture
def eden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThinEden]:
    for name in ("s3db", "response"):
        monkeypatch.setattr(current, name, None, raising=False)
    made = ThinEden(tmp_path / "eden")
    with made.store.transaction():
        for name in ("Red Cross", "Caritas", "THW"):
            made.db[ORG].insert(name=name, uuid=name, pe_id=made.db.pr_pentity.insert(instance_type=ORG))
        made.db[OFFICE].insert(name="Good", uuid="good")
    yield made
    made.db.close()


def found(eden: ThinEden, **most: int) -> Any:
    eden.db.commit()
    return Finder(eden.db, eden.schema, eden.store).find(**most)


def test_a_field_that_a_callback_changes_is_named_with_the_number_of_records(eden: ThinEden) -> None:
    answer = found(eden)
    assert answer.fields == {(ORG, "users"): 3}
    assert (answer.tables, answer.records, answer.failed) == (2, 4, {})
    assert {row.users for row in eden.db(eden.db[ORG]).select()} == {0}, "all of it is undone"


def test_so_many_records_are_tried(eden: ThinEden) -> None:
    assert found(eden, most=2).fields == {(ORG, "users"): 2}


def test_what_the_profile_names_is_none(tmp_path: Path, eden: ThinEden) -> None:
    folder = tmp_path / "named" / "private" / "eden-sync"
    folder.mkdir(parents=True)
    (folder / "profile.ini").write_text(f"[computed]\n{ORG} = users\n", encoding="utf-8")
    named = ThinEden(tmp_path / "named")
    with named.store.transaction():
        named.db[ORG].insert(name="Red Cross", uuid="u", pe_id=named.db.pr_pentity.insert(instance_type=ORG))
    answer = found(named)
    named.db.close()
    assert answer.records == 1 and answer.fields == {}


def test_records_that_a_callback_makes_are_counted_by_table(eden: ThinEden) -> None:
    def makes(form: Any) -> None:
        eden.db.org_office_note.insert(office_id=form.vars.id, note="made", uuid=f"note-{form.vars.id}")

    eden.s3db.configure(OFFICE, onaccept=makes)
    assert found(eden).rows == {(OFFICE, "org_office_note"): 1}


def test_a_callback_that_fails_is_told_and_the_others_are_tried(eden: ThinEden) -> None:
    with eden.store.transaction():
        eden.db[OFFICE].insert(name="Bad", uuid="bad")
    answer = found(eden)
    assert "nothing is known of it" in answer.failed[OFFICE] and answer.fields == {(ORG, "users"): 3}


def test_a_callback_that_commits_commits_nothing(eden: ThinEden) -> None:
    def commits(form: Any) -> None:
        eden.db(eden.db[OFFICE].id == form.vars.id).update(name="Renamed")
        eden.db.commit()

    eden.s3db.configure(OFFICE, onaccept=commits)
    assert found(eden).fields[(OFFICE, "name")] == 1
    assert eden.db(eden.db[OFFICE]).select().first().name == "Good"
    eden.db(eden.db[OFFICE].id > 0).update(name="Changed")
    eden.db.commit()
    eden.db.rollback()
    assert eden.db(eden.db[OFFICE]).select().first().name == "Changed", "as it was before"
