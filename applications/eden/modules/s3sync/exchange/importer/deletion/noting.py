"""Writes down deletions: what took a record along, who deleted it where, and which references were emptied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ....core.kept import Deletion, DeletionMark, Place, Referrer
from ....core.records import end_of_merges
from ...ports import Ports


class Told(NamedTuple):
    """What the sender knows of a deletion.

    Attributes:
        mark: as it came.
        along: the record here that took it along there; None if it was deleted itself, or the other is not here.
    """

    mark: DeletionMark
    along: Place | None


class Taken(NamedTuple):
    """What a deletion does.

    Attributes:
        deleted: the records, with the times of their deletion.
        owners: for a record that is taken along the one that it goes with.
        emptied: for a deleted record by which fields which records referred to it; some of these may be deleted, too.
    """

    deleted: Mapping[str, Mapping[int, datetime]]
    owners: Mapping[Place, Place]
    emptied: Mapping[Place, Mapping[Referrer, Collection[int]]]


class DeletionNotes:
    """Writes down the deletions of one import.

    Args:
        ports: the ports of the site.
        origin: repository they come from, None for here.
        user_id: the account on whose behalf records are written.
    """

    def __init__(self, ports: Ports, origin: int | None, user_id: int | None) -> None:
        self._deletions = ports.deletions
        self._accounts = ports.accounts
        self._changes = ports.changes
        self._origin = origin
        self._user_id = user_id

    def write(self, taken: Taken, asked: Collection[Place], told: Mapping[Place, Told]) -> None:
        """Write down a deletion with its effects.

        Args:
            taken: what it does.
            asked: the records that were deleted themselves.
            told: what the sender knows of them.
        """
        facts = {place: self._asked(place, told.get(place)) for place in asked}
        nobody = Deletion(0, None, via=self._origin)
        for name, moments in taken.deleted.items():
            notes = []
            for key, moment in moments.items():
                place = (name, key)
                top = top_of(place, taken.owners)
                fact = facts.get(top, nobody)
                if place not in facts:
                    fact = replace(fact, along=fact.along or (None if top == place else top), certain=True)
                emptied = {
                    referrer: staying
                    for referrer, keys in taken.emptied.get(place, {}).items()
                    if (staying := tuple(sorted(set(keys) - taken.deleted.get(referrer[0], {}).keys())))
                }
                notes.append(replace(fact, key=key, deleted_on=moment, emptied=emptied))
            self._deletions.note(name, notes)

    def _asked(self, place: Place, told: Told | None) -> Deletion:
        if told is not None:
            mark = told.mark
            return Deletion(place[1], None, mark.by, mark.site, self._origin, told.along)
        if self._origin is not None:
            return Deletion(place[1], None, via=self._origin, certain=False)
        emails = self._accounts.emails([self._user_id]) if self._user_id is not None else {}
        return Deletion(place[1], None, emails.get(self._user_id or 0, ""), self._changes.site)

    def tell(self, told: Mapping[Place, Told]) -> None:
        """Take over what the sender knows of records that are deleted here, too."""
        by_table: dict[str, dict[int, tuple[DeletionMark, Place | None]]] = defaultdict(dict)
        for (name, key), each in told.items():
            by_table[name][key] = (each.mark, each.along)
        for name, marks in by_table.items():
            self._deletions.tell(name, marks)


def top_of(place: Place, owners: Mapping[Place, Place]) -> Place:
    """Return the record whose deletion took another one along, in some steps."""
    return end_of_merges(place, owners)
