"""In what sites differ after all, and whether a person is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from .features import Feature
from .place import Place

if TYPE_CHECKING:
    from .world import World


def differences(world: World) -> list[str]:
    """Return in what the sites differ without anybody being told; nothing where all is well."""
    known = [place.contents() for place in world.sites]
    kinds = {kind for feature in world.features or [Feature()] for kind in feature.telling}
    problems = []
    for key in sorted({key for contents in known for key in contents}):
        if not all(feature.is_exchanged(world, known, key) for feature in world.features):
            continue
        versions = [contents.get(key) for contents in known]
        if all(version == versions[0] for version in versions):
            continue
        if is_told(world.sites, *key, kinds):
            world.happened["told"] += 1
            continue
        told = "; ".join(
            f"{place.name}: {'-' if version is None else ' '.join(version)}"
            for place, version in zip(world.sites, versions)
        )
        problems.append(f"{' '.join(key)}: {told}")
    return problems


def is_told(places: Sequence[Place], table: str, uuid: str, kinds: Collection[str]) -> bool:
    """Return whether a person is told that sites differ in a record: an entry of one of the kinds is open.

    Where a site took one of two for the other, a rejected one is named by the uuid of the other.
    """
    meant = {uuid}.union(*(place.twins_of(table, uuid) for place in places))
    for place in places:
        kept = place.db.sync_kept
        query = (kept.tablename == table) & kept.uuid.belongs(meant)
        if not place.db(query & (kept.state == "open") & kept.kind.belongs(kinds)).isempty():
            return True
    return False
