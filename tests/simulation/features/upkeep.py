"""What administrators do: remove old entries, and choose other resources."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from s3sync.administration.tasks import delete_task
from s3sync.conflicts import resolve as resolve
from s3sync.core.kept import KeptKind, KeptState
from s3sync.site import tasks as tasks

from .. import edits as edits
from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World


class Purge(Feature):
    """Versions that were put aside are decided on by a person, and removed after some time."""

    name = "purge of kept versions"
    fires = ("versions removed",)
    forgets = True

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        site, table = place.site, place.db.sync_kept
        # Who accepts a rejection agrees that sites differ; a conflict is over.
        over = (table.state == KeptState.OPEN.value) & (table.kind == KeptKind.CONFLICT.value)
        for row in place.db(over).select(orderby=table.id):
            if rnd.random() < 0.5:
                resolve.accept(site, row.id, None)
        if not place.db(table).count():
            edits.change(place, number, rnd)
        before = place.db(table).count()
        with site.store.transaction():
            site.kept_versions.purge(place.clock.now() + timedelta(days=1))
        world.happened["versions removed"] += before - place.db(table).count()


class OtherTasks(Feature):
    """Resources are taken out of the exchange and put in again; in the end all are exchanged."""

    name = "tasks removed and added"
    fires = ("task removed", "task added")
    words_hold = False

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        db = place.db
        repositories = [row.id for row in db(db.sync_repository.url != None).select()]  # noqa: E711
        if not repositories:
            return
        key, resource = rnd.choice(repositories), rnd.choice(world.resources)
        if self._remove(world, place, key, resource):
            return
        db.sync_task.insert(repository_id=key, resource_name=resource)
        world.happened["task added"] += 1

    @staticmethod
    def _remove(world: World, place: Place, key: int, resource: str) -> bool:
        repository = place.site.repository(key)
        found = [task for task in tasks.of_repository(place.db, key) if task.resource == resource]
        for task in found:
            delete_task(repository, task)
            world.happened["task removed"] += 1
        return bool(found)

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``."""
        for here, there in history.edges:
            place = world.sites[here]
            key = place.site.repository(world.sites[there].uuid).id
            table = place.db.sync_task
            have = {row.resource_name for row in place.db(table.repository_id == key).select()}
            # In the order in which they are exchanged.
            if have != {*world.resources}:
                place.db(table.repository_id == key).delete()
                for resource in world.resources:
                    table.insert(repository_id=key, resource_name=resource)
            place.db.commit()
