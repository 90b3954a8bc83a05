"""What deletions that wait keep to. Subclass with a ``site`` fixture."""

from __future__ import annotations

from datetime import timedelta

from s3sync.core.clock import SystemClock
from s3sync.core.kept import KeptKind
from s3sync.database.kept_versions import SqlKeptVersions
from tests.contracts.database.kept_contract import kept
from tests.support.databases import Storage


class WaitingDeletionsContract:
    """Deletions that others stand in the way of."""

    def test_deletions_that_wait_are_found_page_by_page_with_their_time(self, site: Storage) -> None:
        kept_versions = SqlKeptVersions(site.db, site.schema, site.clock)
        with site.store.transaction():
            kept_versions.keep(
                [kept(kind=KeptKind.WAITING, uuid=f"u{n}", fingerprint=f"f{n}") for n in range(3)]
            )
            kept_versions.keep([kept(), kept(kind=KeptKind.WAITING, uuid="x", repository_id=4)])
        first = kept_versions.waiting_deletions(0, 2)
        rest = kept_versions.waiting_deletions(first[-1][0], 9)
        assert [each.uuid for _, each in first + rest] == ["u0", "u1", "u2", "x"]
        assert first[0][1].theirs == "<resource name='Ü'/>"
        assert first[0][1].kept_on is not None and abs(SystemClock().now() - first[0][1].kept_on) < timedelta(
            minutes=5
        )
        assert (kept_versions.count_waiting(3), kept_versions.count_waiting(5)) == (3, 0)
        with site.store.transaction():
            kept_versions.release(3, "org_organisation", ["u1"], (KeptKind.WAITING,))
        assert kept_versions.count_waiting(3) == 2
