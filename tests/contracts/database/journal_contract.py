"""What every ports.Journal keeps to. Subclass with fixtures ``database`` and ``site`` (tests.support.databases)."""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime, timedelta

import pytest

from tests.support.databases import Database, Storage
from tests.support.journal_rows import EARLY, NAMES, FixedClock, insert


class JournalContract:
    """Positions, origins, masters, catching up, and writers at the same time."""

    # --- noting ---------------------------------------------------------------------------------------------

    def test_positions_are_consecutive_and_in_the_order_given(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", *[(f"O{n}",) for n in range(1200)])
        with site.store.transaction():
            site.journal.note("org_organisation", keys[::-1], 5)
        found = site.journal.positions("org_organisation", keys)
        assert [found[key] for key in keys[::-1]] == [(seq, 5) for seq in range(1, 1201)]
        assert site.journal.head() == 1200
        assert site.journal.positions("org_organisation", [10**6]) == {}
        assert site.journal.positions(NAMES, keys) == {}

    def test_a_record_noted_again_moves_to_the_end(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys, 5)
            site.journal.note("org_organisation", [keys[0], keys[0]], None)
        found = site.journal.positions("org_organisation", keys)
        assert found == {keys[0]: (3, None), keys[1]: (2, 5)}
        assert site.journal.head() == 3

    def test_noting_nothing_does_nothing(self, site: Storage) -> None:
        site.journal.note("org_organisation", [], None)
        site.journal.assert_ours("org_organisation", [])
        assert site.journal.head() == 0

    def test_what_is_rolled_back_was_never_noted(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",))
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            site.journal.note("org_organisation", keys, None)
            raise ZeroDivisionError
        assert site.journal.positions("org_organisation", keys) == {}

    def test_a_component_notes_its_master_after_itself(self, site: Storage) -> None:
        (organisation,) = insert(site, "org_organisation", ("A",))
        with site.store.transaction():
            site.journal.note("org_organisation", [organisation], None)
        names = insert(
            site,
            NAMES,
            ("O1", organisation),
            ("O2", organisation),
            columns=("name_l10n", "organisation_id"),
        )
        before = site.journal.head()
        with site.store.transaction():
            site.journal.note(NAMES, names, 7)
        (change,) = site.store.scan(
            site.table("org_organisation"), ("id",), after=before, until=site.journal.head(), limit=9
        )
        assert change[:-1] == (organisation,)
        positions = site.journal.positions(NAMES, names)
        assert change[-1] > max(seq for seq, _ in positions.values())

    def test_new_records_are_noted_in_order_with_the_times_given(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",), ("C",))
        before = site.journal.head()
        with site.store.transaction():
            site.journal.note("org_organisation", keys[::-1], 5, times=dict.fromkeys(keys, EARLY))
        changes = site.store.scan(
            site.table("org_organisation"), ("id",), after=before, until=site.journal.head(), limit=9
        )
        assert [row[0] for row in changes] == keys[::-1]
        assert {origin for _, origin in site.journal.positions("org_organisation", keys).values()} == {5}
        noted = site.db(site.db.sync_journal.tablename == "org_organisation").select()
        assert {row.modified_on for row in noted} == {EARLY}

    def test_records_that_are_only_said_to_be_new_are_noted_too(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys[:1], None)
        before = site.journal.head()
        with site.store.transaction():
            times = dict.fromkeys(keys, datetime(2026, 3, 1, 8))
            site.journal.note("org_organisation", keys, 5, times=times)
        assert all(seq > before for seq, _ in site.journal.positions("org_organisation", keys).values())

    def test_masters_that_the_caller_notes_are_left_to_it(self, site: Storage) -> None:
        first, second = insert(site, "org_organisation", ("A",), ("B",))
        names = insert(site, NAMES, ("O1", first), ("O2", second), columns=("name_l10n", "organisation_id"))
        before = site.journal.head()
        with site.store.transaction():
            site.journal.note(NAMES, names, 7, covered={names[0]})
        changes = site.store.scan(
            site.table("org_organisation"), ("id",), after=before, until=site.journal.head(), limit=9
        )
        assert [row[:-1] for row in changes] == [(second,)]
        assert set(site.journal.positions(NAMES, names)) == set(names)

    def test_it_tells_which_tables_have_moved(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",))
        names = insert(site, NAMES, ("O1", keys[0]), columns=("name_l10n", "organisation_id"))
        with site.store.transaction():
            site.journal.note("org_organisation", keys, 5)
        between = site.journal.head()
        assert site.journal.moved_tables(0, between) == {"org_organisation"}
        with site.store.transaction():
            site.journal.note(NAMES, names, None, covered=names)
        head = site.journal.head()
        assert site.journal.moved_tables(between, head) == {NAMES}
        assert site.journal.moved_tables(0, head) == {"org_organisation", NAMES}
        assert site.journal.moved_tables(head, head) == set()

    def test_a_component_that_changes_is_no_change_of_its_master(self, site: Storage) -> None:
        (organisation,) = insert(site, "org_organisation", ("A",))
        with site.store.transaction():
            site.journal.note("org_organisation", [organisation], 3)
        before = site.journal.positions("org_organisation", [organisation])
        names = insert(site, NAMES, ("O", organisation), columns=("name_l10n", "organisation_id"))
        with site.store.transaction():
            site.journal.note(NAMES, names, None)
        assert site.journal.positions("org_organisation", [organisation]) == before

    @pytest.mark.parametrize("delivered, sent_again", [(True, False), (False, True)])
    def test_a_master_with_changes_its_origin_has_not_got_is_still_to_be_sent(
        self, site: Storage, delivered: bool, sent_again: bool
    ) -> None:
        (organisation,) = insert(site, "org_organisation", ("A",))
        names = insert(site, NAMES, ("O", organisation), columns=("name_l10n", "organisation_id"))
        with site.store.transaction():
            site.journal.note("org_organisation", [organisation], None)
        head = site.journal.head()
        with site.store.transaction():
            site.journal.note(NAMES, names, 7, lambda table: head if delivered else head - 1)
        changes = site.store.scan(
            site.table("org_organisation"),
            ("id",),
            after=head,
            until=site.journal.head(),
            limit=9,
            skip_origin=7,
        )
        assert bool(changes) is sent_again

    def test_masters_are_found_through_super_entities(self, site: Storage) -> None:
        db = site.db
        pe_id = db.pr_pentity.insert(instance_type="pr_person", uuid="pe1", deleted=False)
        person = int(db.pr_person.insert(first_name="P", pe_id=pe_id))
        other = int(db.pr_person.insert(first_name="Q"))
        db.commit()
        before = site.journal.head()
        contact = int(db.pr_contact.insert(pe_id=pe_id, contact_method="SMS", value="1"))
        db.commit()
        changes = site.store.scan(
            site.table("pr_person"), ("id",), after=before, until=site.journal.head(), limit=9
        )
        assert [row[0] for row in changes] == [person]
        assert site.journal.positions("pr_contact", [contact])
        assert other not in {row[0] for row in changes}

    def test_assert_ours_tells_everybody_again_without_a_change(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys, 7)
        head = site.journal.head()
        known = site.journal.positions("org_organisation", keys)
        with site.store.transaction():
            site.journal.assert_ours("org_organisation", keys)
        assert site.journal.positions("org_organisation", keys) == known
        changes = site.store.scan(
            site.table("org_organisation"), ("id",), after=head, until=99, limit=9, skip_origin=7
        )
        assert [row[0] for row in changes] == keys

    def test_forget_origin(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",), ("C",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys[:2], 7)
            site.journal.note("org_organisation", keys[2:], 8)
        site.journal.forget_origin(7, after=1)
        origins = "SELECT record_id, origin FROM sync_journal ORDER BY record_id"
        assert [origin for _, origin in site.store.rows(origins)] == [7, None, 8]
        site.journal.forget_origin(7)
        assert [origin for _, origin in site.store.rows(origins)] == [None, None, 8]
        # Who changed a record is not forgotten: it would be taken for a change made here.
        changed = site.journal.positions("org_organisation", keys)
        assert [changed[key] for key in keys] == [(1, 7), (2, 7), (3, 8)]

    # --- catching up ----------------------------------------------------------------------------------------

    def test_catch_up_finds_what_was_there_before(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", *[(f"O{n}",) for n in range(30)])
        table = site.table("org_organisation")
        assert site.journal.catch_up(table) == 30
        assert site.journal.catch_up(table) == 0
        found = site.journal.positions("org_organisation", keys)
        assert [found[key] for key in keys] == [(seq, None) for seq in range(1, 31)]
        assert site.journal.head() == 30

    def test_catch_up_finds_inserts_and_updates_behind_its_back(self, site: Storage) -> None:
        table = site.table("org_organisation")
        keys = insert(site, "org_organisation", ("A",), ("B",))
        site.journal.catch_up(table)
        further = insert(site, "org_organisation", ("C",))
        assert site.journal.catch_up(table) == 1
        with site.store.transaction():
            site.store.update(
                table, ("name", "modified_on"), [(keys[0], "New", EARLY + timedelta(seconds=1))]
            )
        assert site.journal.catch_up(table) == 1
        assert site.journal.catch_up(table) == 0
        order = site.journal.positions("org_organisation", [*keys, *further])
        assert order[keys[1]] < order[further[0]] < order[keys[0]]

    def test_catch_up_looks_twice_at_a_second_that_is_not_over(self, database: Database) -> None:
        clock = FixedClock(EARLY)
        site = Storage(database, clock=clock)
        table = site.table("org_organisation")
        keys = insert(site, "org_organisation", ("A",), ("B",))
        assert site.journal.catch_up(table) == 2
        with site.store.transaction():
            site.store.update(table, ("modified_on",), [(keys[0], EARLY - timedelta(seconds=1))])
        assert site.journal.catch_up(table) == 1
        assert site.journal.catch_up(table) == 0
        clock.moment = EARLY + timedelta(hours=1)
        assert site.journal.catch_up(table) == 0
        site.close()

    def test_a_thorough_catch_up_finds_what_was_given_an_earlier_time(self, site: Storage) -> None:
        table = site.table("org_organisation")
        keys = insert(site, "org_organisation", ("A",), ("B",))
        site.journal.catch_up(table)
        with site.store.transaction():
            site.store.update(table, ("modified_on",), [(keys[0], EARLY - timedelta(days=1))])
        assert site.journal.catch_up(table) == 0
        assert site.journal.catch_up(table, thorough=True) == 1
        assert site.journal.catch_up(table, thorough=True) == 0

    def test_catch_up_of_a_component_notes_its_master(self, site: Storage) -> None:
        (organisation,) = insert(site, "org_organisation", ("A",))
        table = site.table("org_organisation")
        site.journal.catch_up(table)
        head = site.journal.head()
        insert(site, NAMES, ("O", organisation), columns=("name_l10n", "organisation_id"))
        assert site.journal.catch_up(table) == 1
        changes = site.store.scan(table, ("id",), after=head, until=site.journal.head(), limit=9)
        assert [row[0] for row in changes] == [organisation]

    def test_several_tables_are_caught_up_as_each_by_itself(self, site: Storage) -> None:
        tables = [site.table("org_organisation"), site.table("org_office")]
        assert site.journal.catch_up_all(tables) == site.journal.catch_up_all([]) == 0
        (organisation,) = insert(site, "org_organisation", ("A",))
        assert [site.journal.catch_up_all(tables) for _ in range(2)] == [1, 0]
        head = site.journal.head()
        insert(site, NAMES, ("O", organisation), columns=("name_l10n", "organisation_id"))
        assert [site.journal.catch_up_all(tables) for _ in range(2)] == [1, 0]
        changes = site.store.scan(tables[0], ("id",), after=head, until=site.journal.head(), limit=9)
        assert [row[0] for row in changes] == [organisation], (
            "a component that was written past it counts as well"
        )

    def test_catch_up_passes_over_what_was_noted(self, site: Storage) -> None:
        keys = insert(site, "org_organisation", ("A",), ("B",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys[:1], 7)
        assert site.journal.catch_up(site.table("org_organisation")) == 1
        assert site.journal.positions("org_organisation", keys)[keys[0]] == (1, 7)

    # --- writers at the same time ---------------------------------------------------------------------------

    def test_head_stays_below_a_transaction_that_is_open(self, site: Storage) -> None:
        if site.store.dialect == "sqlite":
            pytest.skip("SQLite has one writer at a time")
        keys = insert(site, "org_organisation", ("A",), ("B",), ("C",))
        with site.store.transaction():
            site.journal.note("org_organisation", keys[:1], None)
        other = Storage(site.database, migrate=False)
        other.schema()
        other.db.commit()
        try:
            # a request of the web server, which does not wait for its turn where the database lets it write
            other.journal.note("org_organisation", [keys[1]], None)
            if site.store.dialect == "postgres":
                site.journal.note("org_organisation", [keys[2]], None)
                site.db.commit()
                assert site.journal.positions("org_organisation", [keys[2]]) == {keys[2]: (3, None)}
            assert site.journal.head() == 1
            other.db.commit()
            site.db.commit()
            assert site.journal.head() == site.store.highest_position() > 1
        finally:
            other.close()

    def test_a_reader_misses_nothing_that_writers_commit_meanwhile(self, site: Storage) -> None:
        table = site.table("org_organisation")
        site.db.commit()
        written: list[int] = []
        failed: list[BaseException] = []
        finished = threading.Event()

        def write(number: int) -> None:
            dice = random.Random(number)
            try:
                writer = Storage(site.database, migrate=False)
                for _ in range(25):
                    keys = [
                        int(writer.db.org_organisation.insert(name="W")) for _ in range(dice.randint(1, 3))
                    ]
                    time.sleep(dice.random() / 200)
                    if dice.random() < 0.2:
                        writer.db.rollback()
                    else:
                        writer.db.commit()
                        written.extend(keys)
                writer.close()
            except BaseException as error:
                failed.append(error)
                raise

        threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        seen: list[int] = []
        after = 0
        while True:
            last_round = finished.is_set()
            site.db.commit()
            until = site.journal.head()
            page = site.store.scan(table, ("id",), after=after, until=until, limit=1000)
            seen.extend(row[0] for row in page)
            after = until
            if last_round:
                break
            if not any(thread.is_alive() for thread in threads):
                finished.set()
        assert not failed
        assert sorted(seen) == sorted(written)
