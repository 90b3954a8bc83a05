"""Which work here a site has not seen that deletes what it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Callable, NamedTuple

from ....core.fields import Emptied
from ...ports import Ports


class _Version(NamedTuple):
    """The journal's position of a version of a record, and the repository that brought it."""

    position: int
    via: int | None


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
        known = self._known_of(table, owner)
        versions = {key: _Version(*each) for key, each in self._journal.positions(table, keys).items()}
        fresh = self._fresh(versions, known)
        if fresh:
            emptied = self._changes.emptied(table, list(fresh))
            fresh = self._fresh(
                {key: _before(each, emptied.get(key, ())) for key, each in fresh.items()}, known
            )
        changes = self._changes.of(table, list(fresh)) if fresh else {}
        # What has no edits was entered here; a record that was only sent once more was edited before.
        return {
            key
            for key in fresh
            if key not in changes
            or any((each.position or 0) > known and each.via != self._sender for each in changes[key])
        }

    def _fresh(self, versions: dict[int, _Version], known: int) -> dict[int, _Version]:
        """Return those of some versions that the sender neither brought nor got."""
        return {
            key: each for key, each in versions.items() if each.position > known and each.via != self._sender
        }

    def _known_of(self, table: str, owner: str) -> int:
        """Return the position up to which the sender has ours of a table, also where it comes with its owners."""
        masters = {name: each for name, each in self._schema.masters(table) if each.travels}
        fields = self._schema.table(table).fields
        named = {name for name, each in masters.items() if fields[each.fkey].target == name}
        # What a record takes along need not come with it: a link goes with either of the two, and comes with one.
        comes_with = {owner} & masters.keys() or named or masters.keys()
        return max(self._delivered(name) for name in (table, *comes_with))


def _before(version: _Version, emptied: Sequence[Emptied]) -> _Version:
    """Return the version before deletions emptied references of a record: that was nobody's work."""
    steps = {each.position: each for each in emptied}
    step = steps.get(version.position)
    while step is not None:
        version = _Version(step.before, step.before_via)
        step = steps.get(step.before) if step.before < step.position else None
    return version
