"""Sites between which memory sticks are carried in place of a line."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

from s3sync.core.task import RunState

from .. import edits as edits
from ..sticks import Sticks
from ..words import note_run
from .base import Feature
from .whole_records import WholeRecords

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World


class Carried(Feature):
    """Sticks are pulled out, carried twice, lost, damaged, and come back as old copies of themselves."""

    name = "memory sticks"
    fires = (
        "another stick",
        "sealed runs",
        "far runs",
        "old copy of a stick",
        "stick damaged",
        "stick lost",
        "stick pulled out",
        "carried record created",
        "carried record updated",
        "carried record deleted",
    )

    def __init__(self) -> None:
        self._sticks: dict[tuple[str, str], Sticks] = {}
        self._rnd = random.Random(0)
        self._settles = False

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``: the first edge is carried, of the others some, none of a site that tells no edits.

        On sticks all sites tell them: those of before know no sticks. No site tells an edit to one and hides it from
        another one.
        """
        self._sticks, self._settles = {}, False
        rnd = random.Random(history.seed)
        silent = WholeRecords.silent(world, history) if WholeRecords.name in history.features else None
        for number, (here, there) in enumerate(world.edges):
            if (number and rnd.random() < 0.5) or silent in (here, there):
                continue
            folder = world.scratch / f"{here.name}{there.name}"
            shutil.rmtree(folder, ignore_errors=True)
            passphrase = f"passphrase of {here.name} and {there.name}" if rnd.random() < 0.5 else ""
            is_far = rnd.random() < 0.4
            self._sticks[here.name, there.name] = Sticks(folder, world.happened, passphrase, is_far)
            for one, other in ((here, there), (there, here)):
                self._connect(world, one, other)

    def _connect(self, world: World, here: Place, there: Place) -> None:
        db = here.db
        key = here.site.repository(there.uuid).id
        stored = db(db.sync_repository.id == key)
        stored.update(apitype="stick", url=None, path="/stick", capabilities=["cursor", "nulls", "files"])
        db(db.sync_task.repository_id == key).delete()
        for resource in world.resources:
            db.sync_task.insert(repository_id=key, resource_name=resource)
        db.commit()

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        mine = [sticks for names, sticks in self._sticks.items() if place.name in names]
        if mine and rnd.random() < 0.6:
            rnd.choice(mine).mishap(rnd)
        else:
            edits.edit(place, number, rnd)

    def before_run(self, choice: int) -> None:
        """See ``Feature``."""
        self._rnd = random.Random(choice)

    def synchronise(self, world: World, here: Place, there: Place, page_size: int, fault: str) -> int | None:
        """See ``Feature``: one of the two has the stick, or both, one after the other."""
        sticks = self._sticks.get((here.name, there.name))
        if sticks is None:
            return None
        before = here.site.journal.head() + there.site.journal.head()
        content = sticks.content()
        both = ((here, there), (there, here))
        runs = both if self._settles else self._rnd.choice((both[:1], both[1:], both, both[::-1]))
        for one, other in runs:
            ended = sticks.run(one, other, page_size, fault, self._rnd)
            note_run(one, other, RunState.COMPLETED if ended else RunState.FAILED)
            world.happened["carried runs" if ended else "carried runs that failed"] += 1
            one.clock.step(1)
        moved = here.site.journal.head() + there.site.journal.head() - before
        return moved + (content != sticks.content())

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._settles = True
