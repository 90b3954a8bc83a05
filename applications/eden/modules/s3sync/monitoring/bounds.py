"""What may be exchanged with repositories, as far as scopes say: only that counts when sites are said to be in step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..core.task import Activity
from ..exchange.scope import Scope
from ..site import Site
from ..site.scoping import scopes as scopes
from ..site.scoping.not_allowed import not_allowed_in


class Bounds(NamedTuple):
    """What may be exchanged with one repository.

    Attributes:
        scope: what it may read and write here, None for everything.
        refused: resource -> directions in which it does not let this site exchange the resource.
    """

    scope: Scope | None = None
    refused: Mapping[str, Sequence[str]] = {}

    def lets_send(self, table: str, *, by_us: bool) -> bool:
        """Return whether our records may get there.

        Args:
            table: their table.
            by_us: whether this site pushes them, or the other one pulls them.
        """
        if by_us:
            return Activity.PUSH not in self.refused.get(table, ())
        return self.scope is None or self.scope.may_read(table)

    def lets_fetch(self, table: str, *, by_us: bool) -> bool:
        """Return whether records from there may get here.

        Args:
            table: their table.
            by_us: whether this site pulls them, or the other one pushes them.
        """
        if by_us:
            return Activity.PULL not in self.refused.get(table, ())
        return self.scope is None or table in self.scope.writable


def bounds_of(site: Site, rows: Iterable[Any]) -> dict[int, Bounds]:
    """Return what may be exchanged with repositories that have bounds, with one statement at most.

    Args:
        site: this site.
        rows: the columns ``id``, ``scope_id`` and ``settings`` of the repositories.
    """
    bounded = [(row, not_allowed_in(row.settings or {})) for row in rows]
    bounded = [(row, refused) for row, refused in bounded if refused or row.scope_id is not None]
    if not bounded:
        return {}
    known = {each.id: each.scope for each in scopes.all_of(site)}
    return {
        row.id: Bounds(
            None if row.scope_id is None else known.get(row.scope_id, Scope("")),
            refused,
        )
        for row, refused in bounded
    }
