"""Two sites that changed the same records between two exchanges: what decisions are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.simulation.history import History
from tests.simulation.world import World

ORG = "org_organisation"
_HISTORY = History(0, 2, "chain", (0, 0), ())


def two_sites() -> Iterator[World]:
    """Yield a world of two sites; the whole of a fixture."""
    found = World(2)
    yield found
    found.close()


def disagree(world: World, uuids: Sequence[str], changed: Callable[[Any, str], str]) -> World:
    """Have both sites change the same organisations, and exchange them: the second site's versions win.

    Args:
        world: begins anew.
        uuids: of the organisations.
        changed: what a place names an organisation then.
    """
    world.begin(_HISTORY)
    here, there = world.places[:2]
    for uuid in uuids:
        here.s3db[ORG].insert(name=f"First {uuid}", uuid=uuid)
    here.db.commit()
    world.synchronise(here, there)
    for seconds, place in enumerate((here, there)):
        place.clock.step(60 + seconds)
        for uuid in uuids:
            place.db(place.s3db[ORG].uuid == uuid).update(name=changed(place, uuid))
        place.db.commit()
    world.synchronise(here, there)
    return world
