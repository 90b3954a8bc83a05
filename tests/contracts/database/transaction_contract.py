"""What a ports.Store keeps to in transactions. See store_contract."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pytest

from s3sync.core.errors import RowRefused, StoreBusy, SyncError
from tests.support.databases import Storage
from tests.support.store_rows import META, NOW, WithOrganisations, meta


def is_open(site: Storage) -> bool:
    """Tell whether the connection is inside a transaction."""
    if site.store.dialect == "mysql":
        return bool(site.store.rows("SELECT @@in_transaction")[0][0])
    connection = site.db._adapter.connection
    if site.store.dialect == "sqlite":
        return bool(connection.in_transaction)
    return bool(connection.get_transaction_status())


class TransactionContract(WithOrganisations):
    """What is refused, what is undone and who waits."""

    def test_a_refused_row_takes_the_others_of_its_call_with_it_but_not_the_transaction(
        self, site: Storage
    ) -> None:
        table = site.table("org_organisation")
        first = meta()
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("First", *first)])
            with pytest.raises(RowRefused) as refusal:
                site.store.insert(table, ("name", *META), [("Second", *meta()), ("Twice", *first)])
            site.store.insert(table, ("name", *META), [("Third", *meta())])
        assert "uuid" in refusal.value.message
        assert sorted(site.store.rows("SELECT name FROM org_organisation")) == [("First",), ("Third",)]

    @pytest.mark.parametrize(
        "columns, values, word",
        [
            (("name",), (None,), "name"),
            (("name", "pe_id"), ("Nowhere", 987654), ""),
            (("name", "year"), ("Late", 2**70), ""),
        ],
        ids=["not null", "foreign key", "out of range"],
    )
    def test_constraints(self, site: Storage, columns: Any, values: Any, word: str) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            with pytest.raises(RowRefused) as refusal:
                site.store.insert(table, (*columns, *META), [(*values, *meta())])
            assert word in refusal.value.message
        assert site.store.count(table) == 0

    def test_rows_can_be_withdrawn(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            kept, gone = site.store.insert(table, ("name", *META), [("Kept", *meta()), ("Gone", *meta())])
            site.store.withdraw(table, [gone])
            site.store.withdraw(table, [])
        assert site.store.rows("SELECT id, name FROM org_organisation") == [(kept, "Kept")]

    def test_an_update_that_is_refused_changes_nothing(self, site: Storage, organisations: list[int]) -> None:
        table = site.table("org_organisation")
        with site.store.transaction(), pytest.raises(RowRefused):
            site.store.update(table, ("name",), [(organisations[0], "New"), (organisations[1], None)])
        assert ("Org 0",) in site.store.fetch(table, ("name",), "id", organisations)

    def test_a_value_of_the_wrong_type_is_a_refused_row(self, site: Storage) -> None:
        with site.store.transaction(), pytest.raises(RowRefused):
            site.store.insert(
                site.table("dev_sample"), ("datetime_field", *META), [("no time at all", *meta())]
            )

    @pytest.mark.parametrize("text", ["lone \ud800 surrogate"])
    def test_text_that_no_database_takes_is_a_refused_row(self, site: Storage, text: str) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            with pytest.raises(RowRefused):
                site.store.insert(table, ("name", *META), [(text, *meta())])
            site.store.insert(table, ("name", *META), [("fine", *meta())])
        assert site.store.count(table) == 1

    def test_a_failed_transaction_leaves_nothing(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            site.store.insert(table, ("name", *META), [("Lost", *meta())])
            raise ZeroDivisionError
        assert site.store.count(table) == 0
        assert not site.store.in_transaction

    def test_a_savepoint_is_undone_alone(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("Kept", *meta())])
            with pytest.raises(ZeroDivisionError), site.store.savepoint():
                site.store.insert(table, ("name", *META), [("Lost", *meta())])
                raise ZeroDivisionError
            with site.store.transaction():
                site.store.insert(table, ("name", *META), [("Nested", *meta())])
        assert sorted(site.store.rows("SELECT name FROM org_organisation")) == [("Kept",), ("Nested",)]

    def test_callbacks_cannot_end_the_transaction(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            site.db.org_organisation.insert(name="Half")
            site.db.commit()
            raise ZeroDivisionError
        assert site.store.count(table) == 0
        site.db.org_organisation.insert(name="Whole")
        site.db.commit()
        site.db.rollback()
        assert site.store.count(table) == 1

    def test_another_thread_ends_its_own_transaction_meanwhile(self, site: Storage) -> None:
        failed: list[BaseException] = []

        def end() -> None:
            try:
                site.db.executesql("SELECT 1")
                site.db.rollback()
            except SyncError as error:
                failed.append(error)
            finally:
                site.db._adapter.close("commit")

        with site.store.transaction():
            thread = threading.Thread(target=end)
            thread.start()
            thread.join()
        assert not failed

    def test_what_went_wrong_is_told_where_the_connection_is_lost_too(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rollback = site.store._rollback

        def lost() -> None:
            rollback()
            raise site.store.driver_errors()[0]("the connection is lost")

        monkeypatch.setattr(site.store, "_rollback", lost)
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            raise ZeroDivisionError

    def test_so_it_is_where_somebody_waits_less_than_usual(self, site: Storage) -> None:
        other = Storage(site.database, migrate=False)
        with pytest.raises(ZeroDivisionError), other.store.patience(1):
            other.store.rows("SELECT 1")
            other.db._adapter.connection.close()
            raise ZeroDivisionError
        # Closed for good: later tests that close all connections of this thread meet none that is closed already.
        other.db._adapter.set_connection(None)

    def test_what_a_request_has_written_before_is_committed(self, site: Storage) -> None:
        table = site.table("org_organisation")
        site.db.org_organisation.insert(name="Request")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            raise ZeroDivisionError
        assert site.store.count(table) == 1

    def test_a_second_writer_waits_or_is_told(self, site: Storage, monkeypatch: Any) -> None:
        monkeypatch.setattr(site.database, "retry_policy", 1)
        other = Storage(site.database, migrate=False)
        site.db.commit()
        try:
            with site.store.transaction():
                site.store.insert(site.table("org_organisation"), ("name", *META), [("A", *meta())])
                with pytest.raises(StoreBusy) as busy, other.store.patience(1), other.store.transaction():
                    raise AssertionError("two writers at a time")
                assert not is_open(other)
            assert busy.value.transient
            with other.store.transaction():
                other.store.insert(other.table("org_organisation"), ("name", *META), [("B", *meta())])
        finally:
            other.close()
        assert site.store.count(site.table("org_organisation")) == 2

    def test_a_short_write_does_not_stand_behind_an_import(self, site: Storage) -> None:
        if site.store.dialect == "sqlite":
            pytest.skip("SQLite has one writer at a time")
        other = Storage(site.database, migrate=False)
        site.db.commit()
        try:
            with site.store.transaction():
                with other.store.patience(1), other.store.aside():
                    other.db.sync_lease.insert(repository_id=1, owner="somebody")
                assert other.db(other.db.sync_lease).count() == 1
        finally:
            other.close()

    def test_a_transaction_of_a_process_that_was_stopped_is_ended_by_the_server(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if site.store.dialect == "sqlite":
            pytest.skip("SQLite has no server")
        monkeypatch.setattr(f"s3sync.database.store.{site.store.dialect}.IDLE_SECONDS", 1)
        other = Storage(site.database, migrate=False)
        site.db.commit()
        try:
            with pytest.raises(StoreBusy), site.store.transaction():
                site.store.insert(site.table("org_organisation"), ("name", *META), [("A", *meta())])
                with other.store.transaction():  # it waits here until the first one is ended
                    other.store.insert(other.table("org_organisation"), ("name", *META), [("B", *meta())])
                site.store.rows("SELECT 1")
            assert other.store.rows("SELECT name FROM org_organisation") == [("B",)]
        finally:
            other.close()

    def test_who_waits_for_something_else_between_transactions_is_not_ended(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"s3sync.database.store.{site.store.dialect}.IDLE_SECONDS", 1, raising=False)
        with site.store.transaction():
            site.store.insert(site.table("org_organisation"), ("name", *META), [("A", *meta())])
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            raise ZeroDivisionError
        assert site.store.rows("SELECT name FROM org_organisation") == [("A",)]
        time.sleep(2)  # a run waits for the other site, after it has read
        assert site.store.rows("SELECT name FROM org_organisation") == [("A",)]

    def test_a_deleted_record_is_one_that_a_table_holds(self, site: Storage) -> None:
        table = site.table("org_organisation")
        assert not site.store.holds_any(table)
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("A", uuid.uuid4().urn, True, NOW, 0)])
        assert site.store.holds_any(table)

    def test_super_entities_have_their_own_key(self, site: Storage) -> None:
        entity = site.table("pr_pentity")
        with site.store.transaction():
            keys = site.store.insert(
                entity,
                ("instance_type", "uuid", "deleted"),
                [("pr_person", f"u{n}", False) for n in range(3)],
            )
            site.store.update(entity, ("pe_label",), [(keys[1], "L")])
        found = site.store.fetch(entity, ("pe_id", "pe_label"), "pe_id", keys)
        assert sorted(found, key=lambda row: row[0]) == [(keys[0], None), (keys[1], "L"), (keys[2], None)]

    def test_keys_of_pydal_follow_those_of_the_store(self, site: Storage, organisations: list[int]) -> None:
        key = int(site.db.org_organisation.insert(name="By pydal"))
        site.db.commit()
        assert key not in organisations
        with site.store.transaction():
            (further,) = site.store.insert(
                site.table("org_organisation"), ("name", *META), [("By store", *meta())]
            )
        assert further not in (*organisations, key)
