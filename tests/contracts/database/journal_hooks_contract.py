"""What the journal does when pydal writes. See journal_contract."""

from __future__ import annotations

from datetime import datetime, timedelta

from s3sync.core.fields import EVERY_FIELD
from tests.support.databases import Storage
from tests.support.journal_rows import EARLY, NAMES


class JournalHooksContract:
    """What pydal writes is journaled in its transaction."""

    def test_writes_of_pydal_are_journaled_in_their_transaction(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A"))
        assert site.journal.positions("org_organisation", [key]) == {key: (1, None)}
        site.db.rollback()
        key = int(table.insert(name="A"))
        site.db.commit()
        site.db(table.id == key).update(name="B")
        site.db.commit()
        assert site.journal.positions("org_organisation", [key])[key][0] == site.journal.head()
        head = site.journal.head()
        site.db(table.id == key).update(name="B")
        assert site.journal.head() == head  # nothing changed
        site.db(table.id == key).update(deleted=True)
        site.db.commit()
        assert site.journal.head() > head

    def test_a_later_edit_is_newer_than_what_it_edits(self, site: Storage) -> None:
        table = site.db.org_organisation
        future = datetime(2099, 1, 1)
        key = int(table.insert(name="A", modified_on=future))
        site.db(table.id == key).update(name="B")
        assert table[key].modified_on == future + timedelta(seconds=1)
        site.db(table.id == key).update(name="C", modified_on=EARLY)
        assert table[key].modified_on == EARLY  # the writer's own choice

    def test_an_edit_of_what_was_written_past_the_journal_is_noted_after_that(self, site: Storage) -> None:
        table = site.db.org_organisation
        keys = [int(table.insert(name=name, modified_on=EARLY)) for name in ("A", "B")]
        site.db.commit()
        with site.store.transaction():
            moment = EARLY + timedelta(seconds=1)
            site.store.update(
                site.table("org_organisation"), ("name", "modified_on"), [(keys[0], "C", moment)]
            )
        site.db(table.id.belongs(keys)).update(comments="edited")
        site.db.commit()
        changes = site.journal.changes.of("org_organisation", keys)
        assert [[*each.fields] for each in changes[keys[0]]] == [[EVERY_FIELD], ["comments"]]
        assert [[*each.fields] for each in changes[keys[1]]] == [["comments"]]
        head = site.journal.head()
        site.journal.notice(site.table("org_organisation"), keys)
        assert site.journal.head() == head, "nothing is noted twice"

    def test_a_record_that_is_saved_unchanged_keeps_its_time(self, site: Storage) -> None:
        table = site.db.org_organisation
        keys = [int(table.insert(name=name, modified_on=EARLY)) for name in ("A", "B")]
        site.db.commit()
        site.db(table.id == keys[0]).update(name="A")
        assert table[keys[0]].modified_on == EARLY
        site.db(table.id > 0).update(name="B")
        assert table[keys[0]].modified_on > EARLY
        assert table[keys[1]].modified_on == EARLY
        site.db.commit()
        # Nor does it look as if it had been written past the journal.
        assert site.journal.catch_up(site.table("org_organisation"), thorough=True) == 0

    def test_derived_data_is_not_journaled(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A"))
        site.db.commit()
        head = site.journal.head()
        before = table[key].modified_on
        site.db(table.id == key).update(acronym="X", modified_on=table.modified_on)
        assert (site.journal.head(), table[key].modified_on) == (head, before)

    def test_an_update_of_many_notes_those_that_change(self, site: Storage) -> None:
        table = site.db.org_organisation
        keys = [int(table.insert(name=name)) for name in ("A", "B", "C")]
        site.db.commit()
        head = site.journal.head()
        site.db(table.id > 0).update(name="B")
        positions = site.journal.positions("org_organisation", keys)
        assert [positions[key][0] > head for key in keys] == [True, False, True]

    def test_an_expression_counts_as_change(self, site: Storage) -> None:
        table = site.db.org_organisation
        key = int(table.insert(name="A", year=1))
        site.db.commit()
        head = site.journal.head()
        site.db(table.id == key).update(year=table.year + 1)
        site.db.commit()
        assert site.journal.head() == head + 1

    def test_a_component_that_moves_notes_both_masters(self, site: Storage) -> None:
        db = site.db
        first, second = (int(db.org_organisation.insert(name=name)) for name in "AB")
        name = db[NAMES].insert(name_l10n="O", organisation_id=first)
        db.commit()
        head = site.journal.head()
        db(db[NAMES].id == name).update(organisation_id=second)
        db.commit()
        changes = site.store.scan(
            site.table("org_organisation"), ("id",), after=head, until=site.journal.head(), limit=9
        )
        assert {row[0] for row in changes} == {first, second}

    def test_a_hard_deletion_notes_the_master(self, site: Storage) -> None:
        db = site.db
        organisation = int(db.org_organisation.insert(name="A"))
        name = db[NAMES].insert(name_l10n="O", organisation_id=organisation)
        db.commit()
        head = site.journal.head()
        db(db[NAMES].id == name).delete()
        db.commit()
        window = {"after": head, "until": site.journal.head(), "limit": 9}
        changes = site.store.scan(site.table("org_organisation"), ("id",), **window)
        assert [row[0] for row in changes] == [organisation]
        assert site.store.scan(site.table(NAMES), ("id",), **window) == []

    def test_tables_of_the_synchronisation_are_not_journaled(self, site: Storage) -> None:
        site.db.sync_repository.insert(name="Peer")
        assert site.journal.head() == 0
