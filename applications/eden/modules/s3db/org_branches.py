"""The root organisation of each branch, kept up to date while branch links change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from s3.database.bulk_insert import run_by_keys

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel

#: A deeper tree of branches is taken for a circle.
MAX_DEPTH = 32


def nothing_more(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return no further values: a new organisation is its own root, as no branch link can refer to it yet."""
    return ()


class BranchTree:
    """Organisations and their branches (org_organisation_branch).

    Args:
        s3db: the site's data model.
    """

    def __init__(self, s3db: S3DataModel) -> None:
        self.s3db = s3db

    def organisation_onaccept(self, form: Any) -> None:
        """Set the root of an organisation after a form wrote it."""
        self.organisations_accepted([int(form.vars["id"])])

    def organisations_accepted(self, ids: Iterable[int]) -> None:
        """Make written organisations without a root their own root."""
        db = self.s3db.db
        self.s3db["org_organisation"]  # defines the lazy table before it is written to
        quote = db._adapter.dialect.quote
        root, key = quote("root_organisation"), quote("id")
        # A computed column: through pydal the update would count as an edit.
        run_by_keys(
            db,
            f"UPDATE {quote('org_organisation')} SET {root} = {key} WHERE {root} IS NULL AND {key} IN",
            ids,
        )

    def branch_onaccept(self, form: Any) -> None:
        """Update the roots after a form wrote a branch link."""
        self.branches_accepted([int(form.vars["id"])])

    def branches_accepted(self, ids: Iterable[int]) -> None:
        """Give the branches of written links, and all below them, the root of their parent."""
        link = self.s3db["org_organisation_branch"]
        rows = self.s3db.db(link.id.belongs(list(ids))).select(link.branch_id)
        self._update_roots(int(row.branch_id) for row in rows if row.branch_id)

    def branch_ondelete(self, row: Any) -> None:
        """Make the former branch of a deleted link its own root."""
        if row.branch_id:
            self._update_roots([int(row.branch_id)])

    def _ancestors(self, organisation_id: int) -> list[int]:
        """Return the parents from the nearest to the highest."""
        link, db = self.s3db["org_organisation_branch"], self.s3db.db
        found: list[int] = []
        current = organisation_id
        while len(found) < MAX_DEPTH:
            query = (link.branch_id == current) & (link.deleted == False)  # noqa: E712 - SQL
            row = db(query).select(link.organisation_id, orderby=link.uuid, limitby=(0, 1)).first()
            if row is None or int(row.organisation_id) in found + [organisation_id]:
                break
            current = int(row.organisation_id)
            found.append(current)
        return found

    def _update_roots(self, ids: Iterable[int]) -> None:
        link, table, db = self.s3db["org_organisation_branch"], self.s3db["org_organisation"], self.s3db.db
        frontier = set(ids)
        seen: set[int] = set()
        while frontier:
            seen |= frontier
            for one in frontier:
                self._write(table.id == one, ([one] + self._ancestors(one))[-1])
            query = link.organisation_id.belongs(list(frontier)) & (link.deleted == False)  # noqa: E712 - SQL
            frontier = {int(row.branch_id) for row in db(query).select(link.branch_id)} - seen

    def _write(self, query: Any, root: Any) -> None:
        table = self.s3db["org_organisation"]
        # A computed column: this is no edit of the record.
        kept = {name: table[name] for name in ("modified_on", "modified_by")}
        self.s3db.db(query).update_naive(root_organisation=root, **kept)
