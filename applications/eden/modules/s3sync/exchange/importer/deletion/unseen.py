"""Which work here a site has not seen that deletes what it belongs to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Callable

from ...ports import Ports


class UnseenWork:
    """Finds records with edits that a sender does not know, and those that it does not know at all.

    Args:
        ports: the ports of the site.
        sender: the repository, None for a person here, who has seen everything.
        delivered: table -> position of the journal up to which the sender has ours.
    """

    def __init__(self, ports: Ports, sender: int | None, delivered: Callable[[str], int]) -> None:
        self._schema = ports.schema
        self._journal = ports.journal
        self._changes = ports.changes
        self._sender = sender
        self._delivered = delivered

    def among(self, table: str, keys: Collection[int], owner: str) -> set[int]:
        """Return the keys of those among some records of a table.

        Args:
            table: their table.
            keys: theirs.
            owner: the table of the records that take them along.
        """
        if self._sender is None or not keys:
            return set()
        delivered = self._known_of(table, owner)
        places = self._journal.positions(table, keys)
        fresh = [key for key, (at, origin) in places.items() if at > delivered and origin != self._sender]
        changes = self._changes.of(table, fresh) if fresh else {}
        # What has no edits was entered here; a record that was only sent once more was edited before.
        return {
            key
            for key in fresh
            if key not in changes
            or any((each.position or 0) > delivered and each.via != self._sender for each in changes[key])
        }

    def _known_of(self, table: str, owner: str) -> int:
        """Return the position up to which the sender has ours of a table, also where it comes with its owners."""
        masters = {name for name, component in self._schema.masters(table) if component.travels}
        return max(self._delivered(name) for name in {table, owner} & {table, *masters})
