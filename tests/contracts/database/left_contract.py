"""What is remembered of records that a person left as they are. Subclass with a ``site`` fixture."""

from __future__ import annotations

from datetime import timedelta

from s3sync.core.clock import SystemClock
from s3sync.core.kept import SUPERSEDABLE, KeptKind, OpenKind
from s3sync.database import open_versions as open_versions
from s3sync.database.kept_versions import SqlKeptVersions
from tests.contracts.database.kept_contract import LATER, kept
from tests.support.databases import Storage


class LeftContract:
    """Versions that a person decided not to take."""

    def test_what_a_person_left_so_is_counted_and_stays_until_another_version_comes(
        self, site: Storage
    ) -> None:
        kept_versions = SqlKeptVersions(site.db, site.schema, site.clock)
        rejected = kept(kind=KeptKind.REJECTED)
        with site.store.transaction():
            kept_versions.keep([rejected, rejected._replace(uuid="u2"), kept(repository_id=None)])
            (key,) = site.store.rows("SELECT id FROM sync_kept WHERE uuid = 'u1' AND repository_id = 3")[0]
            open_versions.leave(site.db, [key], 7, site.clock.now())
        assert sorted(open_versions.numbers(site.db)) == [(3, OpenKind.LEFT, 1), (3, OpenKind.REJECTED, 1)]
        assert open_versions.numbers(site.db, 4) == []
        listed = [(each.kind, each.uuid) for each in open_versions.listed(site.db, 3, 10)]
        assert listed == [(OpenKind.LEFT, "u1"), (OpenKind.REJECTED, "u2")]
        (left,) = open_versions.left(site.db, 3)
        assert (left.row, left.table, left.uuid) == (
            key,
            "org_organisation",
            "u1",
        ) and left.position is not None
        with site.store.transaction():
            assert kept_versions.purge(SystemClock().now() + timedelta(days=999)) == 0
            kept_versions.keep([kept(fingerprint="a conflict by now")])
        superseded = site.store.rows("SELECT kind, uuid FROM sync_kept WHERE state = 'superseded'")
        assert [tuple(row) for row in superseded] == [("rejected", "u1")]
        with site.store.transaction():
            open_versions.leave(
                site.db, [row.row for row in open_versions.untaken(site.db, [key + 1])], 7, LATER
            )
            kept_versions.release(3, "org_organisation", ["u2"], SUPERSEDABLE)
        assert open_versions.left(site.db, 3) == []
