"""Second thoughts: what was deleted is put back, and people decide on what was put aside."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

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
    fires = ("put back",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice((*MAKERS,))
        table = place.s3db[tablename]
        found = place.db(table.deleted == True).select(orderby=table.uuid)  # noqa: E712
        gone = [row.id for row in found if not row.deleted_rb]
        if gone:
            place.s3db.restore(table, [rnd.choice(gone)])
            world.happened["put back"] += 1
        else:
            place.delete(tablename, some(place, tablename, number, rnd))


class Decisions(Feature):
    """People decide on conflicts and rejected records, in favour of either version."""

    name = "decisions"
    fires = ("decided for ours", "decided for theirs", "decided to keep")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        table = place.db.sync_kept
        rows = place.db(table.state == KeptState.OPEN.value).select(orderby=table.id)
        if not rows:
            # The first one that each site has, so that several change the same.
            table = place.s3db["org_organisation"]
            some(place, "org_organisation", number, rnd)
            first = place.db(table.deleted == False).select(orderby=table.uuid).first()  # noqa: E712
            place.change("org_organisation", first.id, comments=number)
            return
        row = rnd.choice(list(rows))
        # Who accepts a rejection agrees that sites differ.
        keep = (None,) if row.kind == KeptKind.CONFLICT.value else ()
        side = rnd.choice((*keep, Side.OURS, Side.THEIRS))
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
        world.happened[f"decided {'to keep' if side is None else f'for {side.value}'}"] += 1
