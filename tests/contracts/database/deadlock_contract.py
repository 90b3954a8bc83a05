"""Writers that wait for each other: who is undone does it again, and imports and people take locks in one order."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from s3sync.core.errors import StoreBusy
from tests.support.databases import Storage
from tests.support.store_rows import META, WithOrganisations, meta


class DeadlockContract(WithOrganisations):
    """What a ports.Store keeps to when two writers lock the same rows."""

    @pytest.fixture
    def other(self, site: Storage) -> Iterator[Storage]:
        made = Storage(site.database, migrate=False)
        made.schema()
        made.db.commit()
        yield made
        made.close()

    def lock(self, site: Storage, key: int) -> None:
        site.store.run(f"UPDATE org_organisation SET acronym = 'x' WHERE id = {int(key)}")

    def test_who_is_undone_for_another_one_does_it_again(
        self, site: Storage, other: Storage, organisations: list[int]
    ) -> None:
        if site.store.dialect == "sqlite":
            pytest.skip("SQLite has one writer at a time")
        first, second = organisations[:2]
        met = threading.Barrier(2, timeout=20)
        tries: dict[int, int] = {}

        def work(storage: Storage, keys: tuple[int, int]) -> None:
            tries[keys[0]] = tries.get(keys[0], 0) + 1
            with storage.store.aside():
                self.lock(storage, keys[0])
                if tries[keys[0]] == 1:
                    met.wait()
                self.lock(storage, keys[1])

        def elsewhere() -> None:
            other.store.again_after_deadlock(lambda: work(other, (second, first)))

        site.db.commit()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        site.store.again_after_deadlock(lambda: work(site, (first, second)))
        thread.join(30)
        assert not thread.is_alive() and sum(tries.values()) >= 3
        assert [row[0] for row in site.store.rows("SELECT acronym FROM org_organisation WHERE acronym = 'x'")]

    def test_who_is_undone_again_and_again_is_told(self, site: Storage) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            busy = StoreBusy("Deadlock")
            busy.deadlock = True
            raise busy

        with pytest.raises(StoreBusy):
            site.store.again_after_deadlock(work)
        assert 1 < len(tries) < 10

    def test_who_is_only_told_that_the_database_is_busy_does_not_insist(self, site: Storage) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            raise StoreBusy("locked")

        with pytest.raises(StoreBusy):
            site.store.again_after_deadlock(work)
        assert len(tries) == 1

    def test_only_what_was_lost_while_it_was_kept_may_be_stored_all_the_same(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (lost,) = site.store.driver_errors()[:1]
        error = site.store.busy(lost("the connection was lost"))
        monkeypatch.setattr(site.store, "translated", lambda *_: error)

        def fail() -> None:
            raise lost("the connection was lost")

        def write(commit: bool) -> StoreBusy:
            with pytest.raises(StoreBusy) as told, site.store.transaction(), site.store.translating("x"):
                if commit:
                    monkeypatch.setattr(site.store, "_commit", fail)
                else:
                    fail()
            return told.value

        assert not write(commit=False).uncertain
        assert write(commit=True).uncertain

    def test_an_import_and_a_person_never_wait_for_each_other(
        self, site: Storage, other: Storage, organisations: list[int]
    ) -> None:
        """The import has its lock and comes to the record later; the person begins with the record."""
        key = organisations[0]
        # What was written past the journal is noted first, and that waits.
        with site.store.transaction():
            site.journal.note("org_organisation", organisations, None)
        locked = threading.Event()
        failed: list[BaseException] = []

        def person() -> None:
            try:
                locked.wait(20)
                other.db(other.db.org_organisation.id == key).update(name="by a person")
                other.db.commit()
            except Exception as error:
                failed.append(error)
                other.db.rollback()

        thread = threading.Thread(target=person)
        thread.start()
        site.db.commit()
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("new", *meta())])
            locked.set()
            thread.join(1)  # it has the record, or waits for the import
            site.store.update(table, ("name",), [(key, "by an import")])
            site.journal.note("org_organisation", [key], 7)
        thread.join(30)
        assert not thread.is_alive() and not failed
        # Who came second stands: where people do not wait for imports, that is the import.
        last = "by an import" if site.store.dialect == "postgres" else "by a person"
        assert site.store.fetch(table, ("name",), "id", [key]) == [(last,)]
