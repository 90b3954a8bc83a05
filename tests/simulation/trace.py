"""Follows records through a history: prints what each site has and says of them whenever that changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .history import History
from .place import Place
from .world import World

#: What everything has, or says where it was made: it would only be in the way.
_DULL = frozenset(
    ("id", "uuid", "mci", "created_on", "created_by", "modified_by", "approved_by", "owned_by_user")
    + ("owned_by_group", "realm_entity", "deleted_fk", "instance_type", "obsolete", "inherited")
)


class Trace:
    """Prints what becomes of records.

    Args:
        world: the sites.
        records: table and uuid of each.
    """

    def __init__(self, world: World, records: Sequence[tuple[str, str]]) -> None:
        self._world = world
        self._records = records
        self._last: dict[tuple[Any, ...], str] = {}
        self._step, self._told = "", False

    def run(self, history: History) -> list[str]:
        """Run a history, and print what happens to the records; return what is wrong in the end."""
        self._world.watch = self._look
        try:
            return self._world.run(history)
        finally:
            self._world.watch = None

    def _look(self, what: str) -> None:
        self._step, self._told = what, not what.startswith(" ")
        if self._told:
            print(what)
        for place in self._world.sites:
            for table, uuid in self._records:
                self._tell(
                    place, (place.name, table, uuid), f"{table} {uuid}: {_version(place, table, uuid)}"
                )
            for row in place.db(place.db.sync_kept).select(orderby=place.db.sync_kept.id):
                if (row.tablename, row.uuid) in self._records:
                    told = f"{row.tablename} {row.uuid}: {row.state} {row.kind} of {row.modified_on}: {row.reason}"
                    self._tell(place, (place.name, row.id), told)

    def _tell(self, place: Place, key: tuple[Any, ...], text: str) -> None:
        if self._last.get(key) != text:
            if not self._told:
                print(self._step)
            self._told = True
            self._last[key] = text
            print(f"    {place.name}  {text}")


def _version(place: Place, table: str, uuid: str) -> str:
    found = place.s3db[table]
    row = place.db(found.uuid == uuid).select().first()
    if row is None:
        return "-"
    values = [
        f"{name}={row[name]}" for name in found.fields if name not in _DULL and row[name] not in (None, "")
    ]
    noted = place.db.sync_journal
    query = (noted.tablename == table) & (noted.record_id == row.id)
    journal = place.db(query).select().first()
    if journal is None:
        return f"{row.id} {' '.join(values)}"
    noted_at = (
        f"at {journal.seq} by {journal.origin}, changed at {journal.changed_seq} by {journal.changed_origin}"
    )
    return f"{row.id} {' '.join(values)}, {noted_at}"
