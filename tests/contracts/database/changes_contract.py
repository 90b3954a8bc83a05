"""What the changes of records keep to. Subclass with a ``site`` fixture."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from s3sync.core.fields import Change, ChangeKind, Edit, Emptied, Stamp
from s3sync.core.schema import Table
from s3sync.database.changes import SqlChanges
from tests.support.databases import Storage
from tests.support.datamodel import ALL_KINDS
from tests.support.store_rows import FULL, META, OTHER, meta

ORGANISATION, SAMPLE = "org_organisation", "dev_sample"
HERE, THERE = "0a1b2c3d", "99887766"


def edit(key: int, time: int, site: str = HERE, **former: Any) -> Change:
    """Return an edit of fields with their former values."""
    return Change(
        key, Stamp(time, site), "ann@example.org", {name: [value] for name, value in former.items()}
    )


def stored(change: Change) -> Change:
    """Return a change without what only storing it gives."""
    return change._replace(position=None, noted_on=None)


class ChangesContract:
    @pytest.fixture
    def changes(self, site: Storage) -> SqlChanges:
        return site.journal.changes

    def insert(self, site: Storage, table: Table, row: dict[str, Any]) -> int:
        with site.store.transaction():
            site.store.insert(
                site.table("gis_location"), ("name", *META), [(name, *meta()) for name in ("A", "B")]
            )
            (key,) = site.store.insert(table, (*row, *META), [(*row.values(), *meta())])
            site.journal.note(table.name, [key], None)
        return key

    @pytest.mark.parametrize("row", [FULL, OTHER, dict.fromkeys(FULL)], ids=["full", "other", "empty"])
    def test_former_values_come_back_as_the_store_gives_them(
        self, site: Storage, changes: SqlChanges, row: dict[str, Any]
    ) -> None:
        table = site.table(SAMPLE)
        key = self.insert(site, table, row)
        (values,) = site.store.fetch(table, ALL_KINDS, "id", [key])
        former = dict(zip(ALL_KINDS, values))
        with site.store.transaction():
            changes.note(SAMPLE, [edit(key, 1, **former)])
        (found,) = changes.of(SAMPLE, [key])[key]
        assert found.fields == {name: [value] for name, value in former.items()}
        for name, value in former.items():
            assert type(found.fields[name][0]) is type(value), name

    def test_a_decimal_keeps_its_places(self, site: Storage, changes: SqlChanges) -> None:
        with site.store.transaction():
            changes.note("hrm_course", [edit(1, 1, fee=Decimal("10.10"))])
        assert str(changes.of("hrm_course", [1])[1][0].fields["fee"][0]) == "10.10"

    def test_a_value_that_the_field_cannot_have_any_more_is_not_known(
        self, site: Storage, changes: SqlChanges
    ) -> None:
        with site.store.transaction():
            changes.note("pr_person", [edit(1, 1, date_of_birth="last spring", gone="x", first_name="Ann")])
        (found,) = changes.of("pr_person", [1])[1]
        assert found.fields == {"date_of_birth": [], "gone": ["x"], "first_name": ["Ann"]}

    def test_changes_come_back_in_the_order_in_which_they_were_written_down(
        self, site: Storage, changes: SqlChanges
    ) -> None:
        noted = [
            edit(2, 70, THERE, name="two")._replace(via=5),
            edit(1, 90, name="one"),
            edit(1, 20, THERE)._replace(by="", fields={}, via=5),
            edit(1, 91, HERE, year=1)._replace(
                kind=ChangeKind.DECISION, settled=(Stamp(20, THERE), Stamp(2**41, f"{HERE}.12"))
            ),
            edit(1, 92)._replace(fields={"*": []}, kind=ChangeKind.OUTSIDE),
        ]
        with site.store.transaction():
            changes.note(ORGANISATION, noted[:2])
            changes.note(ORGANISATION, noted[2:])
        found = changes.of(ORGANISATION, [1, 2, 3])
        assert {key: [stored(each) for each in of] for key, of in found.items()} == {
            1: noted[1:],
            2: noted[:1],
        }

    def test_the_edits_of_the_present_version_follow_from_them(
        self, site: Storage, changes: SqlChanges
    ) -> None:
        with site.store.transaction():
            changes.note(
                ORGANISATION, [edit(1, 5, name="a", year=1), edit(1, 4, THERE, name="b"), edit(1, 3)]
            )
            changes.note("org_office", [edit(1, 9, name="a")])
        found = changes.edits(ORGANISATION, [1, 2])
        assert set(found) == {1}
        assert found[1].seen == {HERE: 5, THERE: 4}
        assert changes.seen(ORGANISATION, [1, 2]) == {1: {HERE: 5, THERE: 4}}
        assert found[1].fields == {
            "name": Edit(Stamp(4, THERE), "ann@example.org"),
            "year": Edit(Stamp(5, HERE), "ann@example.org"),
        }

    def test_what_a_deletion_emptied_is_remembered_but_is_no_edit(
        self, site: Storage, changes: SqlChanges
    ) -> None:
        steps = [Emptied(1, 7, 5, None, 1_000_000_000_000), Emptied(1, 9, 7, 3, 1_000_000_001_000)]
        with site.store.transaction():
            changes.note_emptied(ORGANISATION, steps)
            changes.note_emptied("org_office", [Emptied(1, 8, 6, None, 5)])
            changes.note(ORGANISATION, [edit(2, 1, name="A")])
        found = changes.emptied(ORGANISATION, [1, 2])
        assert {key: [each._replace(noted_on=None) for each in some] for key, some in found.items()} == {
            1: steps
        }
        assert isinstance(found[1][0].noted_on, datetime)
        for read in (changes.of, changes.edits, changes.seen):
            assert set(read(ORGANISATION, [1, 2])) == {2}
        with site.store.transaction():
            changes.forget(ORGANISATION, [1])
        assert changes.emptied(ORGANISATION, [1]) == {}

    def test_more_records_than_one_statement_names(self, site: Storage, changes: SqlChanges) -> None:
        keys = range(1, 1201)
        with site.store.transaction():
            changes.note(ORGANISATION, [edit(key, key, name=str(key)) for key in keys])
        assert set(changes.edits(ORGANISATION, keys)) == set(keys)
        found = changes.of(ORGANISATION, keys)
        assert [found[key][0].fields["name"] for key in keys] == [[str(key)] for key in keys]

    def test_a_change_has_the_position_of_its_record(self, site: Storage, changes: SqlChanges) -> None:
        key = self.insert(site, site.table(ORGANISATION), {"name": "A"})
        with site.store.transaction():
            site.journal.note(ORGANISATION, [key], None)
            changes.note(ORGANISATION, [edit(key, 1, name="A"), edit(key + 1, 1)])
        (position, _) = site.journal.positions(ORGANISATION, [key])[key]
        found = changes.of(ORGANISATION, [key, key + 1])
        assert [found[key][0].position, found[key + 1][0].position] == [position, None]
        assert isinstance(found[key][0].noted_on, datetime)
        assert abs((found[key][0].noted_on - site.clock.now()).total_seconds()) < 60

    def test_where_nothing_was_edited_one_look_is_enough(
        self, site: Storage, changes: SqlChanges, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        rows = site.journal.store.rows
        monkeypatch.setattr(
            site.journal.store, "rows", lambda sql, *args: asked.append(sql) or rows(sql, *args)
        )
        assert changes.edits(ORGANISATION, range(1, 5000)) == changes.of(ORGANISATION, range(1, 9)) == {}
        assert len(asked) == 2
        assert changes.edits(ORGANISATION, []) == {} and len(asked) == 2

    def test_what_is_rolled_back_was_not_written_down(self, site: Storage, changes: SqlChanges) -> None:
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            changes.note(ORGANISATION, [edit(1, 1, name="A")])
            raise ZeroDivisionError
        assert changes.edits(ORGANISATION, [1]) == {}

    def test_an_address_longer_than_any_mailbox_is_cut(self, site: Storage, changes: SqlChanges) -> None:
        with site.store.transaction():
            changes.note(ORGANISATION, [edit(1, 1, name="A")._replace(by="ä" * 1000)])
        assert changes.of(ORGANISATION, [1])[1][0].by == "ä" * 255

    def test_the_site_is_the_beginning_of_the_journals_identity(
        self, site: Storage, changes: SqlChanges
    ) -> None:
        identity = site.journal.identity()
        assert identity.replace("-", "").startswith(f"urn:uuid:{changes.site}")
        assert len(changes.site) == 8
        site.store.run("UPDATE sync_journal_state SET identity = 'urn:uuid:ABCDEF01-2345-6789'")
        assert changes.site == "abcdef01"
