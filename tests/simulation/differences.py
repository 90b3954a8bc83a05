"""In what two sites differ after all, whether a person is told, and whether what they say of each other is true."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from s3sync.core.kept import TELLING

from .features import Feature
from .place import Contents, Name, Place
from .twins import one_name
from .words import says_in_step

if TYPE_CHECKING:
    from .world import World


def differences(world: World) -> list[str]:
    """Return in what sites differ that exchange with each other, without anybody being told; nothing if all is well."""
    kinds = {kind for feature in world.features or [Feature()] for kind in feature.telling}
    problems = []
    for here, there in world.edges:
        name = one_name(here, there)
        known = _known(world, here, there)
        apart = _apart(world, here, there, known)
        for key in apart:
            if _is_told(here, there, *key, kinds, name):
                world.happened["told"] += 1
            else:
                problems.append(_described(here, there, known, key))
        problems += _untrue(world, here, there, apart)
    return problems


def untrue_words(world: World, here: Place, there: Place) -> list[str]:
    """Return what two sites say of each other right after a run, and is not true.

    Args:
        world: the sites.
        here: the site that began the run.
        there: the other one.
    """
    if here.eden is not None or there.eden is not None:
        # An Eden does not say what it did with a version.
        return []
    return _untrue(world, here, there, _apart(world, here, there, _known(world, here, there)))


def _known(world: World, here: Place, there: Place) -> dict[str, Contents]:
    name = one_name(here, there)
    times = here.eden is None and there.eden is None and all(each.one_time for each in world.features)
    return {place.name: named(place, name, times) for place in (here, there)}


def _apart(world: World, here: Place, there: Place, known: Mapping[str, Contents]) -> list[tuple[str, str]]:
    """Return the records that two sites should both have, and in which they differ."""
    one, other = known[here.name], known[there.name]
    return [
        key
        for key in sorted({*one, *other})
        if all(feature.is_exchanged(world, [one, other], key) for feature in world.features)
        and one.get(key) != other.get(key)
    ]


def _untrue(world: World, here: Place, there: Place, apart: Collection[tuple[str, str]]) -> list[str]:
    may_differ = any(feature.differ_by_choice for feature in world.features)
    problems = []
    for one, other in ((here, there), (there, here)):
        if one.eden is not None:
            continue
        says = says_in_step(one, other)
        world.happened["said to be in step" if says else "said not to be in step"] += 1
        if says and apart and not may_differ:
            records = ", ".join(" ".join(key) for key in apart)
            problems.append(f"{one.name} says that it is in step with {other.name}; they differ in {records}")
    return problems


def named(place: Place, name: Name, times: bool = False) -> Contents:
    """Return what a site holds; two records where another site has one are both under its name."""
    found: Contents = {}
    for (table, uuid), values in sorted(place.contents(name, times).items()):
        key = (table, name(table, uuid))
        found[key] = (*found[key], "and", *values) if key in found else values
    return found


def _described(here: Place, there: Place, known: Mapping[str, Contents], key: tuple[str, str]) -> str:
    versions = ((place.name, known[place.name].get(key)) for place in (here, there))
    told = "; ".join(f"{name}: {'-' if version is None else ' '.join(version)}" for name, version in versions)
    return f"{' '.join(key)}: {told}"


def _is_told(here: Place, there: Place, table: str, uuid: str, kinds: Collection[str], name: Name) -> bool:
    """Return whether a person at one of two sites is told that they differ in a record.

    An entry is open, or a person left the record as it is.

    Args:
        here, there: the sites.
        table, uuid: the record, by its one name.
        kinds: kinds of entries that tell.
        name: gives uuids their one name.
    """
    for place in (each for each in (here, there) if each.eden is None):
        kept = place.db.sync_kept
        listed = place.db(kept.tablename == table).select(kept.uuid, distinct=True)
        meant = [row.uuid for row in listed if row.uuid and name(table, row.uuid) == uuid]
        query = (kept.tablename == table) & kept.uuid.belongs(meant) & kept.state.belongs(TELLING)
        if not place.db(query & kept.kind.belongs(kinds)).isempty():
            return True
    return False
