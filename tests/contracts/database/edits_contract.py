"""Which changes are written down when pydal writes, or somebody writes past the journal. See changes_contract."""

from __future__ import annotations

import threading
from typing import Any

from s3sync.core.fields import EVERY_FIELD, Change, ChangeKind, Stamp
from tests.contracts.database.changes_contract import stored
from tests.support.databases import Storage
from tests.support.datamodel import ALL_KINDS
from tests.support.store_rows import FULL, OTHER

ORGANISATION = "org_organisation"


def changes(site: Storage, table: str, key: int) -> list[Change]:
    return site.journal.changes.of(table, [key]).get(key, [])


def fields(site: Storage, table: str, key: int) -> list[dict[str, list[Any]]]:
    """Return what was written down of a record: the former values of each change."""
    return [dict(each.fields) for each in changes(site, table, key)]


class EditsContract:
    def test_an_edit_is_written_down_with_its_former_values(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A", year=1900, comments="old"))
        assert changes(site, ORGANISATION, key) == []  # a new record costs nothing
        before = site.clock.now()
        site.db(table.id == key).update(name="A", year=1901, comments="new")
        (found,) = changes(site, ORGANISATION, key)
        assert found.fields == {"year": [1900], "comments": ["old"]}
        assert (found.kind, found.settled, found.via) == (ChangeKind.EDIT, (), None)
        assert found.stamp.site == site.journal.changes.site
        assert found.stamp.time >= before.timestamp()
        assert found.position == site.journal.positions(ORGANISATION, [key])[key][0]
        site.db.rollback()
        assert changes(site, ORGANISATION, key) == []

    def test_an_edit_is_later_than_all_that_its_record_has_seen(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A"))
        ahead = 2**42
        site.journal.changes.note(ORGANISATION, [Change(key, Stamp(ahead, "99887766"), "", {"year": [None]})])
        for name in "BC":
            site.db(table.id == key).update(name=name)
        assert [each.stamp.time for each in changes(site, ORGANISATION, key)] == [ahead, ahead + 1, ahead + 2]

    def test_values_of_every_kind_are_those_of_the_store(self, site: Storage) -> None:
        for name in "AB":
            site.db.gis_location.insert(name=name)
        table = site.db.dev_sample
        key = int(table.insert(**FULL))
        (values,) = site.store.fetch(site.table("dev_sample"), ALL_KINDS, "id", [key])
        before = dict(zip(ALL_KINDS, values))
        site.db(table.id == key).update(**OTHER)
        assert fields(site, "dev_sample", key) == [{name: [value] for name, value in before.items()}]
        (values,) = site.store.fetch(site.table("dev_sample"), ALL_KINDS, "id", [key])
        before = dict(zip(ALL_KINDS, values))
        site.db(table.id == key).update(**FULL)
        assert fields(site, "dev_sample", key)[1:] == [{name: [value] for name, value in before.items()}]

    def test_each_record_of_an_update_has_its_own_former_values(self, site: Storage) -> None:
        table = site.db.org_organisation
        keys = [int(table.insert(name=name, year=year)) for name, year in (("A", 1), ("B", 2), ("C", 2))]
        site.db(table.id > 0).update(name="B", year=2)
        assert [fields(site, ORGANISATION, key) for key in keys] == [
            [{"name": ["A"], "year": [1]}],
            [],
            [{"name": ["C"]}],
        ]

    def test_only_what_travels_is_written_down(self, site: Storage) -> None:
        db = site.db
        entity, key = int(db.pr_pentity.insert(uuid="e")), int(db.org_organisation.insert(name="A"))
        db(db.org_organisation.id == key).update(root_organisation=key, pe_id=entity, mci=2, realm_entity=1)
        assert changes(site, ORGANISATION, key) == []
        document = int(db.doc_document.insert(name="D", file="doc_document.file.a.b.txt", secret="x"))
        db(db.doc_document.id == document).update(file="doc_document.file.c.d.txt", secret="y")
        assert fields(site, "doc_document", document) == [{"file": ["doc_document.file.a.b.txt"]}]

    def test_fields_that_belong_together_are_written_down_as_one(self, site: Storage) -> None:
        table = site.db.pr_contact
        key = int(table.insert(contact_method="SMS", value="+1", priority=1))
        site.db(table.id == key).update(value="+2")
        site.db(table.id == key).update(priority=2)
        assert fields(site, "pr_contact", key) == [
            {"contact_method": ["SMS"], "value": ["+1"]},
            {"priority": [1]},
        ]

    def test_a_deletion_and_a_restoration_are_changes_of_their_own(self, site: Storage) -> None:
        db = site.db
        table, organisation = db.org_office, int(db.org_organisation.insert(name="A"))
        key = int(table.insert(name="O", organisation_id=organisation))
        db(table.id == key).update(deleted=True, organisation_id=None, name="O (gone)")
        db(table.id == key).update(deleted=False, organisation_id=organisation, code="x")
        db(table.id == key).update(deleted=False, organisation_id=None)
        assert fields(site, "org_office", key) == [
            {"deleted": [False]},
            {"deleted": [True], "code": [None]},
            {"organisation_id": [organisation]},
        ]

    def test_what_no_field_was_changed_by_is_no_edit(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A", year=1))
        site.db(table.id == key).update(name="A", year=1)
        site.db(table.id == key).update(acronym="X", modified_on=table.modified_on)  # computed
        assert changes(site, ORGANISATION, key) == []
        site.db(table.id == key).update(year=table.year + 1)
        assert fields(site, ORGANISATION, key) == [{"year": [1]}]

    def test_what_was_written_past_the_journal_is_a_change_of_every_field(self, site: Storage) -> None:
        table = site.db.org_organisation
        known = int(table.insert(name="A", modified_on="2026-01-01 00:00:00"))
        same = int(table.insert(name="B", modified_on="2026-01-01 00:00:00"))
        site.db.commit()
        site.journal.catch_up(site.table(ORGANISATION))
        site.db.executesql(
            f"UPDATE org_organisation SET name = 'C', modified_on = '2026-01-02 00:00:00' WHERE id = {known}"
        )
        columns = "name, uuid, deleted, modified_on"
        site.db.executesql(
            f"INSERT INTO org_organisation ({columns}) VALUES ('D', 'd', 'F', '2026-01-02 00:00:00')"
        )
        site.db.commit()
        assert site.journal.catch_up(site.table(ORGANISATION)) == 2
        (found,) = changes(site, ORGANISATION, known)
        assert stored(found) == Change(known, found.stamp, "", {EVERY_FIELD: []}, ChangeKind.OUTSIDE)
        assert found.position == site.journal.positions(ORGANISATION, [known])[known][0]
        assert changes(site, ORGANISATION, same) == changes(site, ORGANISATION, same + 1) == []
        assert site.journal.catch_up(site.table(ORGANISATION)) == 0
        assert len(changes(site, ORGANISATION, known)) == 1

    def test_who_waited_for_another_editor_writes_down_what_that_one_wrote(self, site: Storage) -> None:
        key = int(site.db.org_organisation.insert(name="A"))
        site.db.commit()
        looked = threading.Event()

        def elsewhere() -> None:
            other = Storage(site.database, migrate=False)
            table = other.db.org_organisation
            assert other.db(table.id == key).select(table.name).first().name == "A"
            looked.set()
            other.db(table.id == key).update(name="C")
            other.db.commit()
            other.close()

        site.db(site.db.org_organisation.id == key).update(name="B")
        thread = threading.Thread(target=elsewhere)
        thread.start()
        assert looked.wait(20)
        thread.join(1)  # it waits for us, unless it is slow: then it has nothing to wait for
        site.db.commit()
        thread.join(30)
        assert fields(site, ORGANISATION, key) == [{"name": ["A"]}, {"name": ["B"]}]
        stamps = [each.stamp for each in changes(site, ORGANISATION, key)]
        assert stamps == sorted(set(stamps))

    def test_a_removed_record_leaves_none(self, site: Storage) -> None:
        table = site.db.org_organisation
        gone, stays = (int(table.insert(name=name)) for name in "AB")
        site.db(table.id > 0).update(name="C")
        site.db(table.id == gone).delete()
        assert set(site.journal.changes.edits(ORGANISATION, [gone, stays])) == {stays}
