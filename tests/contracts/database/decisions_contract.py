"""What decisions of other sites keep to. Subclass with a ``site`` fixture."""

from __future__ import annotations

from s3sync.core.kept import DecidedElsewhere, KeptKind, Resolution
from s3sync.database.kept_versions import SqlKeptVersions
from tests.contracts.database.kept_contract import LATER, kept
from tests.support.databases import Storage


class DecisionsContract:
    """Open conflicts, and how a decision elsewhere closes them."""

    def test_conflicts_that_are_open_with_any_repository_are_closed_by_a_decision_elsewhere(
        self, site: Storage
    ) -> None:
        kept_versions = SqlKeptVersions(site.db, site.schema, site.clock)
        with site.store.transaction():
            kept_versions.keep(
                [
                    kept(),
                    kept(repository_id=4),
                    kept(uuid="u2", ours=None, fingerprint="second"),
                    kept(table="org_office"),
                    kept(kind=KeptKind.REFUSED),
                ]
            )
            (first, *_) = (row[0] for row in site.store.rows("SELECT id FROM sync_kept ORDER BY id"))
        found = kept_versions.open_conflicts("org_organisation", ["u1", "u2", "u9"])
        assert [(each.uuid, each.ours, each.theirs) for each in found] == [
            ("u1", "<resource/>", kept().theirs),
            ("u1", "<resource/>", kept().theirs),
            ("u2", None, kept().theirs),
        ]
        made = [
            DecidedElsewhere(found[0], Resolution.THEIRS, "ann@example.org", "0a1b2c3d", LATER),
            DecidedElsewhere(found[2], None, "", "0a1b2c3d", LATER),
        ]
        with site.store.transaction():
            kept_versions.decided_elsewhere(made)
        table = site.db.sync_kept
        rows = site.db(table.state == "resolved").select(orderby=table.id)
        assert [(row.id, row.decision, row.resolved_by, row.resolved_by_email) for row in rows] == [
            (first, "theirs", None, "ann@example.org"),
            (found[2].row, None, None, ""),
        ]
        assert {(row.resolved_at_site, row.resolved_on) for row in rows} == {("0a1b2c3d", LATER)}
        assert all(row.closed_on is not None for row in rows)
        assert [each.row for each in kept_versions.open_conflicts("org_organisation", ["u1", "u2"])] == [
            found[1].row
        ]
        # Who decides otherwise here has the last word.
        with site.store.transaction():
            kept_versions.resolve([first], 7, Resolution.OURS)
        row = site.db.sync_kept(first)
        assert (row.decision, row.resolved_by, row.resolved_by_email, row.resolved_on) == (
            "ours", 7, None, None,
        )  # fmt: skip
