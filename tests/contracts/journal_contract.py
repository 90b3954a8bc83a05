"""What every ports.Journal keeps to. Subclass with fixtures ``database`` and ``site`` (tests.support.databases)."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Database, Storage

EARLY = datetime(2026, 1, 1, 12, 0, 0)

#: A component of organisations, joined by their id.
NAMES = "org_organisation_name"


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def insert(
    site: Storage, name: str, *rows: tuple[Any, ...], columns: tuple[str, ...] = ("name",)
) -> list[int]:
    """Insert behind the journal's back."""
    with site.store.transaction():
        return site.store.insert(
            site.table(name),
            (*columns, "uuid", "deleted", "modified_on"),
            [(*row, uuid.uuid4().urn, False, EARLY) for row in rows],
        )


class JournalContract:
    """Positions, origins, masters, catching up, identity, and the writes of pydal."""

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
        origins = {
            key: origin for key, (_, origin) in site.journal.positions("org_organisation", keys).items()
        }
        assert origins == {keys[0]: 7, keys[1]: None, keys[2]: 8}
        site.journal.forget_origin(7)
        assert site.journal.positions("org_organisation", keys[:1]) == {keys[0]: (1, None)}

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

    # --- identity -------------------------------------------------------------------------------------------

    @pytest.fixture
    def remembering(self, database: Database, tmp_path: Path) -> Iterator[Storage]:
        site = Storage(database, path=tmp_path / "journal.json")
        yield site
        site.close()

    def hand_out(self, site: Storage) -> None:
        with site.store.transaction():
            site.store.run(
                "INSERT INTO sync_checkpoint (repository_id, tablename, direction, state) VALUES (1, 'x', 'serve', '')"
            )

    def test_identity_is_kept(self, remembering: Storage, tmp_path: Path) -> None:
        identity = remembering.journal.identity()
        keys = insert(remembering, "org_organisation", ("A",))
        with remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
        assert remembering.journal.identity() == identity
        assert json.loads((tmp_path / "journal.json").read_text()) == {"identity": identity, "head": 1}
        again = Storage(remembering.database, migrate=False, path=tmp_path / "journal.json")
        assert again.journal.identity() == identity
        again.close()

    def note_elsewhere(self, site: Storage, path: Path) -> None:
        """Note a change over another connection, and remember outside the database how far it has come."""
        other = Storage(site.database, migrate=False, path=path)
        other.schema()
        other.db.commit()
        keys = insert(other, "org_organisation", ("B",))
        with other.store.transaction():
            other.journal.note("org_organisation", keys, None)
        other.journal.identity()
        other.close()

    def test_who_writes_while_the_identity_is_asked_for_does_not_change_it(
        self, remembering: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        highest_position = remembering.store.highest_position

        def overtaken() -> int:
            position = highest_position()
            monkeypatch.undo()
            self.note_elsewhere(remembering, tmp_path / "journal.json")
            return position

        monkeypatch.setattr(remembering.store, "highest_position", overtaken)
        assert remembering.journal.identity() == identity
        assert remembering.journal.identity() == identity

    def test_a_transaction_that_still_sees_the_past_is_no_restored_database(
        self, remembering: Storage, tmp_path: Path
    ) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        reader = Storage(remembering.database, migrate=False, path=tmp_path / "journal.json")
        assert reader.store.rows("SELECT COUNT(*) FROM sync_journal") == [(0,)]
        self.note_elsewhere(remembering, tmp_path / "journal.json")
        assert reader.journal.identity() == identity
        reader.close()

    def test_two_that_find_the_database_restored_agree_on_one_identity(
        self, remembering: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "journal.json"
        self.hand_out(remembering)
        former = remembering.journal.identity()
        path.write_text(json.dumps({"identity": former, "head": 5}))
        given: list[str] = []
        lock_writers = remembering.store.lock_writers

        def overtaken() -> None:
            monkeypatch.undo()
            other = Storage(remembering.database, migrate=False, path=path)
            given.append(other.journal.identity())
            other.close()
            lock_writers()

        monkeypatch.setattr(remembering.store, "lock_writers", overtaken)
        assert [remembering.journal.identity()] == given != [former]

    def test_what_is_not_committed_is_not_remembered(self, remembering: Storage) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        keys = insert(remembering, "org_organisation", ("A",))
        with pytest.raises(ZeroDivisionError), remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
            assert remembering.journal.identity() == identity
            raise ZeroDivisionError
        assert remembering.journal.identity() == identity

    def test_many_remember_at_once(self, remembering: Storage, tmp_path: Path) -> None:
        path = tmp_path / "journal.json"
        remembering.journal.identity()
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                site = Storage(remembering.database, migrate=False, path=path)
                for number in range(50):
                    path.write_text(str(number))
                    site.journal.identity()
                site.close()
            except OSError as error:
                failed.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        assert [each.name for each in tmp_path.iterdir() if each.name.startswith("journal.")] == [path.name]

    def test_a_database_that_fell_back_gets_another_identity(self, remembering: Storage) -> None:
        keys = insert(remembering, "org_organisation", ("A",), ("B",))
        with remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
        identity = remembering.journal.identity()
        with remembering.store.transaction():
            remembering.store.run("DELETE FROM sync_journal WHERE seq > 1")
        other = remembering.journal.identity()
        assert other != identity
        assert remembering.journal.identity() == other

    @pytest.mark.parametrize("content", [None, "", '{"identity": "another", "head": 0}'])
    def test_a_copied_database_gets_another_identity_once_it_has_spoken(
        self, remembering: Storage, tmp_path: Path, content: Any
    ) -> None:
        path = tmp_path / "journal.json"
        identity = remembering.journal.identity()

        def lose() -> None:
            path.unlink()
            if content is not None:
                path.write_text(content)

        lose()
        assert remembering.journal.identity() == identity
        self.hand_out(remembering)
        lose()
        assert remembering.journal.identity() != identity

    # --- pydal ----------------------------------------------------------------------------------------------

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
