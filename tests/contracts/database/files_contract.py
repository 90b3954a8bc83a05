"""What waiting for files keeps to where several sites bring their record. Subclass with a ``site`` fixture."""

from __future__ import annotations

from s3sync.database.pending_references import SqlPendingReferences
from tests.contracts.database.kept_contract import file, names
from tests.support.databases import Storage


class FilesContract:
    """Files that are waited for."""

    def test_a_file_is_waited_for_from_each_site_until_it_or_another_file_is_here(
        self, site: Storage
    ) -> None:
        pending = SqlPendingReferences(site.db, site.schema, site.clock)
        with site.store.transaction():
            pending.defer([file(), file(repository_id=8)])
            pending.defer([file()])
            pending.tried([file(repository_id=8)])
        assert [each.attempts for key in (3, 8) for each in pending.missing_files(key, 10)] == [0, 1]
        with site.store.transaction():
            pending.give_up([file()])
        assert names(pending.missing_files(3, 10)) == [] and names(pending.missing_files(8, 10)) == ["f1"]
        with site.store.transaction():
            pending.defer([file(uuid="f2")])
        assert names(pending.missing_files(3, 10)) == ["f2"] and pending.missing_files(8, 10) == []
        with site.store.transaction():
            pending.defer([file(uuid="f2", repository_id=8)])
            pending.settle([file(uuid="f1")])
        assert names(pending.deferred_of("doc_document", [1])) == ["f2", "f2"]
        with site.store.transaction():
            pending.settle([file(uuid="f2")])
        assert pending.deferred_of("doc_document", [1]) == []
