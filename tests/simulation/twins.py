"""Which records of several sites are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .place import Name, Place


def one_name(*places: Place) -> Name:
    """Return a function that gives all uuids of a record the same name: those that any of the sites takes for one."""
    groups: dict[tuple[str, str], set[str]] = {}
    for place in places:
        for table, *uuids in place.twins():
            together = set().union(*(groups.get((table, uuid), {uuid}) for uuid in uuids))
            groups.update(((table, uuid), together) for uuid in together)
    return lambda table, uuid: min(groups.get((table, uuid), {uuid}))
