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
        self._journal = ports.journal
        self._changes = ports.changes
        self._sender = sender
        self._delivered = delivered

    def among(self, table: str, keys: Collection[int]) -> set[int]:
        """Return the keys of those among some records of a table."""
        if self._sender is None or not keys:
            return set()
        delivered = self._delivered(table)
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
