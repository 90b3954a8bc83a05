"""What pending references, kept versions and checkpoints keep to. Subclass with a ``site`` fixture."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.cursor import Checkpoint, CheckpointKind, Handed
from s3sync.core.kept import (
    SUPERSEDABLE,
    Deferred,
    Kept,
    KeptKind,
    Resolution,
    Side,
    TooManyKept,
)
from s3sync.database.checkpoints import Checkpoints
from s3sync.database.kept_versions import SqlKeptVersions
from s3sync.database.pending_references import SqlPendingReferences
from tests.support.databases import Storage

LATER = datetime(2026, 5, 6, 7, 8, 9)


def reference(**changes: Any) -> Deferred:
    return Deferred("org_office", 1, "organisation_id", "org_organisation", "u1")._replace(**changes)


def file(**changes: Any) -> Deferred:
    return Deferred(
        "doc_document", 1, "file", "", "f1", url="http://x/1", filename="ä.txt", repository_id=3
    )._replace(**changes)


def names(files: list[Deferred]) -> list[str]:
    return [each.uuid for each in files]


def kept(**changes: Any) -> Kept:
    return Kept(
        kind=KeptKind.CONFLICT,
        table="org_organisation",
        uuid="u1",
        key=5,
        repository_id=3,
        winner=Side.OURS,
        reason="Changed at both sites.",
        ours="<resource/>",
        theirs="<resource name='Ü'/>",
        modified_on=LATER,
        fingerprint="abc",
    )._replace(**changes)


class KeptContract:
    """Deferred references and files, kept versions, checkpoints."""

    @pytest.fixture
    def pending_references(self, site: Storage) -> SqlPendingReferences:
        return SqlPendingReferences(site.db, site.schema, SystemClock())

    @pytest.fixture
    def kept_versions(self, site: Storage) -> SqlKeptVersions:
        return SqlKeptVersions(site.db, site.schema, site.clock)

    # --- deferred -------------------------------------------------------------------------------------------

    def test_of_one_repository_no_more_is_kept_than_anybody_can_decide(
        self, site: Storage, kept_versions: SqlKeptVersions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("s3sync.database.kept_versions.MOST_KEPT", 3)
        rejected = [kept(kind=KeptKind.REJECTED, uuid=f"u{number}") for number in range(5)]
        kept_versions.keep(rejected[:3])
        kept_versions.keep(rejected[:3])
        with pytest.raises(TooManyKept, match="3 versions"):
            kept_versions.keep(rejected[3:4])
        kept_versions.keep([each._replace(repository_id=4) for each in rejected[3:]])
        kept_versions.release(3, "org_organisation", ["u0"], [KeptKind.REJECTED])
        kept_versions.keep(rejected[3:4])
        assert len(kept_versions.known(3, "org_organisation", [f"u{number}" for number in range(5)])) == 3

    def test_deferred_items_are_found_from_both_ends(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        items = [
            reference(),
            reference(key=2, uuid="u2"),
            reference(key=2, field="other", place=0),
            reference(key=2, field="other", place=1, uuid="u3"),
            file(),
        ]
        with site.store.transaction():
            pending_references.defer(items)
        found = pending_references.deferred_for(
            {"org_organisation": ["u1", "u3", "nobody"], "org_office": ["u2"]}
        )
        assert sorted(found, key=str) == sorted([items[0], items[2], items[3]], key=str)
        assert sorted(pending_references.deferred_of("org_office", [2, 99]), key=str) == sorted(
            items[1:4], key=str
        )
        assert pending_references.deferred_for({}) == pending_references.deferred_of("org_office", []) == []

    def test_keys_are_read_only_where_something_of_the_table_is_pending(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        read: list[int] = []

        def keys() -> Iterator[int]:
            read.append(1)
            yield 1

        assert pending_references.deferred_of("org_office", keys()) == [] and read == []
        with site.store.transaction():
            pending_references.defer([reference()])
        assert len(pending_references.deferred_of("org_office", keys())) == 1 and read == [1]

    def test_deferring_again_replaces(self, site: Storage, pending_references: SqlPendingReferences) -> None:
        with site.store.transaction():
            pending_references.defer([reference(), reference(uuid="u2")])
            pending_references.defer([reference(uuid="u3", repository_id=9)])
        assert pending_references.deferred_of("org_office", [1]) == [reference(uuid="u3", repository_id=9)]

    def test_settled_items_are_forgotten(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        listed = [reference(place=0), reference(place=1, uuid="u2")]
        with site.store.transaction():
            pending_references.defer([reference(), *listed])
            pending_references.settle([reference(uuid="any"), listed[1]])
            pending_references.settle([])
        assert pending_references.deferred_of("org_office", [1]) == listed[:1]

    def test_files_wait_in_order_and_failures_go_to_the_end(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        files = [file(key=key, uuid=f"f{key}") for key in (1, 2, 3)]
        with site.store.transaction():
            pending_references.defer([*files, file(key=4, repository_id=8), reference(repository_id=3)])
        assert names(pending_references.waiting_files(3, 10)) == ["f1", "f2", "f3"]
        assert names(pending_references.waiting_files(3, 2)) == ["f1", "f2"]
        with site.store.transaction():
            pending_references.tried(files[:1])
        assert names(pending_references.waiting_files(3, 10)) == ["f2", "f3", "f1"]

    def test_files_that_do_not_come_are_asked_for_later_until_a_person_says_stop(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        before = site.clock.now()
        with site.store.transaction():
            pending_references.defer([file(key=key, uuid=f"f{key}") for key in (1, 2)])
            for _ in range(3):
                pending_references.tried(pending_references.missing_files(3, 1))
        assert names(pending_references.waiting_files(3, 10)) == ["f2"]
        waits, other = pending_references.missing_files(3, 10)
        assert (waits.uuid, waits.attempts, other.attempts) == ("f1", 3, 0)
        assert waits.since is not None and abs(waits.since - before) < timedelta(minutes=1)
        with site.store.transaction():
            pending_references.give_up([waits, other])
        assert pending_references.waiting_files(3, 10) == pending_references.missing_files(3, 10) == []
        with site.store.transaction():
            pending_references.ask_again(3, waits.table)
        assert [each.attempts for each in pending_references.waiting_files(3, 10)] == [0, 0]

    def test_what_waits_is_counted_by_kind(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        gone = file(key=3, repository_id=8)
        with site.store.transaction():
            pending_references.defer([file(key=1), file(key=2), gone, reference(repository_id=None)])
            pending_references.tried([file(key=1)])
            pending_references.give_up([gone])
        counted = {(origin, kind): number for origin, _, kind, number in pending_references.numbers()}
        assert counted == {(3, "files"): 2, (8, "given_up"): 1, (None, "references"): 1}

    def test_deferring_is_undone_with_its_transaction(
        self, site: Storage, pending_references: SqlPendingReferences
    ) -> None:
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            pending_references.defer([reference()])
            raise ZeroDivisionError
        assert pending_references.deferred_of("org_office", [1]) == []

    # --- kept -----------------------------------------------------------------------------------------------

    def states(self, site: Storage) -> list[Any]:
        return site.store.rows("SELECT state, kind, uuid FROM sync_kept ORDER BY id")

    def test_kept_versions_are_known_without_their_documents(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep(
                [
                    kept(),
                    kept(uuid="u2", fingerprint="u2", missing=("m1", "m2"), modified_on=None),
                    kept(repository_id=4),
                ]
            )
        known = kept_versions.known(3, "org_organisation", ["u1", "u2", "u9"])
        assert known == {
            "u1": kept(ours=None, theirs=None),
            "u2": kept(
                uuid="u2", fingerprint="u2", missing=("m1", "m2"), modified_on=None, ours=None, theirs=None
            ),
        }
        assert kept_versions.known(None, "org_organisation", ["u1"]) == {}
        assert kept_versions.known(3, "org_office", ["u1"]) == {}

    def test_our_versions_in_conflicts_stay_known_after_the_decision(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep(
                [
                    kept(ours="<one/>"),
                    kept(ours="<two/>", fingerprint="second"),
                    kept(ours=None, uuid="u2", fingerprint="third"),
                    kept(ours="<refused/>", kind=KeptKind.REFUSED),
                    kept(ours="<other/>", repository_id=4),
                ]
            )
            (key, *_) = [row[0] for row in site.store.rows("SELECT id FROM sync_kept ORDER BY id")]
            kept_versions.resolve([key], 7, Resolution.THEIRS)
        found = kept_versions.our_versions(3, "org_organisation", ["u1", "u2", "u9"])
        assert {uuid: sorted(versions) for uuid, versions in found.items()} == {"u1": ["<one/>", "<two/>"]}
        assert kept_versions.our_versions(3, "org_office", ["u1"]) == {}
        assert kept_versions.our_versions(None, "org_organisation", ["u1"]) == {}

    def test_keeping_again_replaces_what_is_open(self, site: Storage, kept_versions: SqlKeptVersions) -> None:
        with site.store.transaction():
            kept_versions.keep([kept(kind=KeptKind.REFUSED), kept(kind=KeptKind.REJECTED)])
            kept_versions.keep(
                [
                    kept(kind=KeptKind.REFUSED, fingerprint="old"),
                    kept(kind=KeptKind.REFUSED, fingerprint="new"),
                ]
            )
        assert sorted(self.states(site)) == [("open", "refused", "u1"), ("open", "rejected", "u1")]
        rows = site.store.rows("SELECT fingerprint FROM sync_kept WHERE kind = 'refused'")
        assert rows == [("new",)]

    def test_every_loser_of_a_conflict_is_kept_once(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep([kept(fingerprint="first")])
            kept_versions.keep([kept(fingerprint="second")])
            for ours in ("<one/>", "<two/>"):  # against the same version
                kept_versions.keep([kept(fingerprint="first", winner=Side.THEIRS, ours=ours)])
            kept_versions.keep([kept(fingerprint="first")])
        rows = site.store.rows("SELECT fingerprint, ours FROM sync_kept ORDER BY fingerprint, ours")
        assert [ours for _, ours in rows] == ["<one/>", "<resource/>", "<two/>", "<resource/>"]

    def test_a_version_is_found_by_its_number_and_closed_by_a_person(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep([kept()])
        key = site.store.rows("SELECT id FROM sync_kept")[0][0]
        assert kept_versions.version(key) == kept()
        with site.store.transaction():
            kept_versions.resolve([key], 7, Resolution.OURS)
        assert self.states(site) == [("resolved", "conflict", "u1")]
        assert kept_versions.version(key) == kept()
        assert kept_versions.version(key + 1) is None

    def test_what_was_decided_is_noted_and_removed_with_the_log(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep(
                [kept(), kept(uuid="u2", fingerprint="second"), kept(uuid="u3", fingerprint="third")]
            )
            keys = [row[0] for row in site.store.rows("SELECT id FROM sync_kept ORDER BY id")]
            kept_versions.resolve(keys[:1], 7, Resolution.KEEP)
            kept_versions.release(3, "org_organisation", ["u2"], [KeptKind.CONFLICT])
        decided = site.store.rows("SELECT decision, resolved_by FROM sync_kept WHERE state = 'resolved'")
        assert [tuple(row) for row in decided] == [("keep", 7)]
        with site.store.transaction():
            now = SystemClock().now()
            assert kept_versions.purge(now - timedelta(days=1)) == 0
            settled = sum(state != "open" for state, _, _ in self.states(site))
            assert kept_versions.purge(now + timedelta(days=1)) == settled == 2
        assert {state for state, _, _ in self.states(site)} == {"open"}

    def test_a_kept_version_has_the_name_that_people_know(self, site: Storage) -> None:
        kept_versions = SqlKeptVersions(
            site.db, site.schema, site.clock, naming=lambda item: f"{item.uuid} " * 200
        )
        with site.store.transaction():
            kept_versions.keep([kept()])
        (name,) = site.store.rows("SELECT name FROM sync_kept")[0]
        assert name.startswith("u1 u1") and len(name) <= 255

    def test_what_was_settled_by_a_person_stays(self, site: Storage, kept_versions: SqlKeptVersions) -> None:
        with site.store.transaction():
            kept_versions.keep([kept()])
            site.store.run("UPDATE sync_kept SET state = 'resolved'")
            kept_versions.keep([kept(fingerprint="again")])
        assert self.states(site) == [("resolved", "conflict", "u1"), ("open", "conflict", "u1")]

    def test_versions_without_uuid_are_told_apart_by_fingerprint(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        nameless = kept(kind=KeptKind.REJECTED, uuid=None, key=None, repository_id=None)
        with site.store.transaction():
            kept_versions.keep([nameless, nameless._replace(fingerprint="other")])
            kept_versions.keep([nameless])
        assert len(self.states(site)) == 2

    def test_release_closes_the_kinds_named(self, site: Storage, kept_versions: SqlKeptVersions) -> None:
        with site.store.transaction():
            kept_versions.keep(
                [kept(), kept(kind=KeptKind.REJECTED), kept(kind=KeptKind.REJECTED, uuid="u2")]
            )
            kept_versions.release(3, "org_organisation", ["u1"], SUPERSEDABLE)
            kept_versions.release(3, "org_organisation", ["u2"], ())
            kept_versions.release(4, "org_organisation", ["u2"], (KeptKind.REJECTED,))
        assert self.states(site) == [
            ("open", "conflict", "u1"),
            ("superseded", "rejected", "u1"),
            ("open", "rejected", "u2"),
        ]

    def test_rejected_records_of_a_table_are_listed_with_their_documents(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        with site.store.transaction():
            kept_versions.keep(
                [
                    kept(kind=KeptKind.REJECTED, theirs="<resource name='Ü'/>"),
                    kept(kind=KeptKind.REJECTED, uuid="u2", theirs=None),
                    kept(kind=KeptKind.REJECTED, uuid="u3", repository_id=4),
                    kept(kind=KeptKind.REJECTED, uuid="u4", table="org_office"),
                    kept(uuid="u5"),
                ]
            )
            ((row, version),) = kept_versions.rejected(3, "org_organisation")
            assert version == "<resource name='Ü'/>"
            kept_versions.supersede([row])
            assert kept_versions.rejected(3, "org_organisation") == []

    def test_a_rejected_record_is_tried_again_when_what_it_missed_is_here(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        site.db.gis_location.insert(name="L", uuid="here")
        site.db.org_organisation.insert(name="O", uuid="here too")
        site.db.commit()
        rejected = kept(kind=KeptKind.REJECTED, table="org_office")
        ready = rejected._replace(uuid="a", missing=("gone", "here"))
        with site.store.transaction():
            kept_versions.keep(
                [
                    rejected._replace(uuid="x"),
                    ready,
                    rejected._replace(uuid="y", missing=("gone",)),
                    rejected._replace(uuid="b", missing=("here too",)),
                    rejected._replace(uuid="z", missing=("here",), kind=KeptKind.CONFLICT),
                    rejected._replace(uuid="z", missing=("here",), repository_id=9),
                ]
            )
        assert [each.uuid for each in kept_versions.retriable(3, "org_office", 10)] == ["a", "b"]
        (found,) = kept_versions.retriable(3, "org_office", 1)
        assert found._replace(row=None) == ready
        after = found.row or 0
        assert [each.uuid for each in kept_versions.retriable(3, "org_office", 1, after)] == ["b"]
        assert [each.uuid for each in kept_versions.retriable(3, "org_office", 9, after)] == ["b", "a"]
        assert kept_versions.retriable(3, "pr_person", 1) == []
        assert kept_versions.tables_to_retry(3) == {"org_office"}
        assert kept_versions.tables_to_retry(9) == {"org_office"} and not kept_versions.tables_to_retry(None)

    def test_a_rejected_record_is_tried_again_with_the_survivor_of_what_it_misses(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        rejected = kept(kind=KeptKind.REJECTED, table="org_office", missing=("merged", "gone"))
        with site.store.transaction():
            kept_versions.keep([rejected])
            assert kept_versions.retriable(3, "org_office", 1) == []
            site.db.sync_twin.insert(tablename="org_organisation", uuid="merged", record_id=1)
            assert len(kept_versions.retriable(3, "org_office", 1)) == 1

    def test_a_record_from_the_future_is_tried_again_when_its_time_has_come(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        now = site.clock.now()
        rejected = kept(kind=KeptKind.REJECTED, table="org_office", position=7)
        due = rejected._replace(uuid="a", retry_on=now)
        with site.store.transaction():
            kept_versions.keep(
                [
                    rejected._replace(uuid="x"),
                    rejected._replace(uuid="y", retry_on=now + timedelta(seconds=90)),
                    due,
                    rejected._replace(uuid="b", retry_on=now - timedelta(days=1), table="pr_person"),
                    rejected._replace(uuid="c", retry_on=now, repository_id=9),
                ]
            )
        assert [each.uuid for each in kept_versions.due(3, 10)] == ["a", "b"]
        (found,) = kept_versions.due(3, 1)
        assert found.uuid == "a" and found.theirs == due.theirs and found.position == 7
        with site.store.transaction():
            kept_versions.keep([found._replace(reason="another reason", retry_on=None)])
        assert [each.uuid for each in kept_versions.due(3, 10)] == ["b"]

    def test_what_is_rejected_again_keeps_its_row(
        self, site: Storage, kept_versions: SqlKeptVersions
    ) -> None:
        site.db.gis_location.insert(name="L", uuid="here")
        site.db.commit()
        nameless = kept(kind="rejected", table="org_office", uuid=None, missing=("here",))
        with site.store.transaction():
            kept_versions.keep([nameless])
        (found,) = kept_versions.retriable(3, "org_office", 9)
        before = site.store.rows("SELECT id, created_on FROM sync_kept")
        with site.store.transaction():
            kept_versions.keep([found._replace(reason="still", missing=(), fingerprint="other")])
        assert site.store.rows("SELECT id, created_on FROM sync_kept") == before
        assert site.store.rows("SELECT reason, fingerprint FROM sync_kept") == [("still", "abc")]
        assert kept_versions.retriable(3, "org_office", 9) == []
        with site.store.transaction():
            kept_versions.supersede([found.row or 0])
        assert self.states(site) == [("superseded", "rejected", None)]

    # --- checkpoints ----------------------------------------------------------------------------------------

    def test_checkpoints(self, site: Storage) -> None:
        checkpoints = Checkpoints(site.db, site.clock)
        assert checkpoints.load(1, "org_office") == Checkpoint()
        first = Checkpoint(5, (Handed(5, "t5"), Handed(9, "t9")))
        with site.store.transaction():
            checkpoints.save(1, "org_office", Checkpoint())
            checkpoints.save(1, "org_office", first)
            checkpoints.write(1, "org_office", CheckpointKind.PULL, "a cursor")
            checkpoints.save(2, "org_office", first)
        assert checkpoints.load(1, "org_office") == first
        assert checkpoints.read(1, "org_office", CheckpointKind.PULL) == "a cursor"
        with site.store.transaction():
            checkpoints.forget(1, "org_office", CheckpointKind.PULL)
        assert checkpoints.read(1, "org_office", CheckpointKind.PULL) is None
        assert checkpoints.load(1, "org_office") == first
        with site.store.transaction():
            checkpoints.forget(1)
        assert checkpoints.load(1, "org_office") == Checkpoint()
        assert checkpoints.load(2, "org_office") == first
