"""Up to which position of our journal other sites have received our changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ..core.cursor import CheckpointKind
from ..database.tables.fields import live
from .exchange_state import delivered

if TYPE_CHECKING:
    from . import Site


class ReceivedThere:
    """What all sites have received that were in contact with this one lately.

    Args:
        site: this site.
        since: sites that were last in contact before this time (UTC) do not count.
    """

    def __init__(self, site: Site, since: datetime) -> None:
        self._schema = site.schema
        self._positions = _positions(site, since)

    def up_to(self, table: str) -> int | None:
        """Return the position up to which all of them have our changes of a table; None if none of them gets any."""
        names = (table, *(master for master, component in self._schema.masters(table) if component.travels))
        found = [self._positions[name] for name in names if name in self._positions]
        return min(found, default=None)


def _positions(site: Site, since: datetime) -> Mapping[str, int]:
    """Return table -> lowest position; components travel with their masters and have none of their own."""
    own = site.journal.identity()
    repositories = site.db.sync_repository
    query = live(repositories) & (repositories.last_connected >= since)
    lately = {row.id for row in site.db(query).select(repositories.id)}
    lowest: dict[str, int] = {}
    for (repository_id, table), states in site.checkpoints.states().items():
        sends = CheckpointKind.SERVE in states or CheckpointKind.PUSH in states
        if sends and repository_id in lately:
            position = delivered(states, own)
            lowest[table] = min(position, lowest.get(table, position))
    return lowest
