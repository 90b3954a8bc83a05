"""Second thoughts: what was deleted is put back, and people decide on what was put aside."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from s3sync.bin.restore import restore
from s3sync.conflicts import resolve as resolve
from s3sync.core.errors import SyncError
from s3sync.core.kept import KeptKind, KeptState, Side

from ..edits import MAKERS, some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World


class Undeletion(Feature):
    """A person puts a deleted record back."""

    name = "undeletion"
    fires = ("put back", "put back from the bin")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice((*MAKERS,))
        table = place.s3db[tablename]
        rows = place.db(table.deleted == True).select(orderby=table.uuid)  # noqa: E712
        gone = [row.id for row in rows if not row.deleted_rb]
        if gone and rnd.random() < 0.3:
            # As a program does it that knows nothing of the bin.
            place.s3db.restore(table, [rnd.choice(gone)])
            world.happened["put back"] += 1
        elif gone:
            found = restore(place.site, [(tablename, rnd.choice(gone))])
            world.happened["put back from the bin" if found.records else "something stood in the way"] += 1
        else:
            place.delete(tablename, some(place, tablename, number, rnd))


class Decisions(Feature):
    """People decide on conflicts and rejected records, in favour of either version."""

    name = "decisions"
    fires = ("decided for ours", "decided for theirs", "decided to keep", "decided at two sites")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        listing = [(each, rows) for each in (place, *world.sites) for rows in (self._open(each),) if rows]
        if not listing or rnd.random() < 0.3:
            self._dispute(world, place, number, rnd)
            return
        shared = [
            (each, row) for each, rows in listing for row in rows if any(self._elsewhere(world, each, row))
        ]
        place, row = rnd.choice(shared or [(each, row) for each, rows in listing[:1] for row in rows])
        # Others who list the same conflict decide on it, too, before they hear of it.
        others = [*self._elsewhere(world, place, row)]
        self._decide(world, place, row, rnd)
        for other, found in others:
            self._decide(world, other, found, rnd)
            world.happened["decided at two sites"] += 1

    @staticmethod
    def _dispute(world: World, place: Place, number: str, rnd: random.Random) -> None:
        """Change the same field of the same record here and elsewhere: the first one that each site has."""
        some(place, "org_organisation", number, rnd)
        for each in world.sites if rnd.random() < 0.8 else (place,):
            table = each.s3db["org_organisation"]
            first = each.db(table.deleted == False).select(orderby=table.uuid).first()  # noqa: E712
            if first is not None:
                each.change("org_organisation", first.id, comments=f"{number}{each.name}")
                each.db.commit()

    @staticmethod
    def _open(place: Place) -> list[Any]:
        """Return what is open at a site."""
        table = place.db.sync_kept
        return list(place.db(table.state == KeptState.OPEN.value).select(orderby=table.id))

    @staticmethod
    def _elsewhere(world: World, place: Place, row: Any) -> Iterator[tuple[Place, Any]]:
        """Yield the other sites that list the same conflict, each with its entry."""
        if row.kind != KeptKind.CONFLICT.value:
            return
        for other in world.sites:
            table = other.db.sync_kept
            listed = (table.state == KeptState.OPEN.value) & (table.kind == KeptKind.CONFLICT.value)
            same = (table.tablename == row.tablename) & (table.uuid == row.uuid)
            found = other.db(listed & same).select(orderby=table.id).first() if other is not place else None
            if found is not None:
                yield other, found

    def _decide(self, world: World, place: Place, row: Any, rnd: random.Random) -> None:
        side = rnd.choice((None, Side.OURS, Side.THEIRS))
        # The page of a conflict shows what the record says now.
        place.look_at(row.tablename, row.uuid)
        try:
            if side is None:
                resolve.accept(place.site, row.id, None)
            else:
                resolve.restore(place.site, row.id, side, None)
        except SyncError:
            # There is no such version, or it is rejected again: the person is told so.
            place.db.rollback()
            world.happened["decision refused"] += 1
            return
        place.db.commit()
        world.happened[f"decided {'to keep' if side is None else f'for {side.value}'}"] += 1
