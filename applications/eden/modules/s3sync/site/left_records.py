"""Records that a person leaves as they are although the other site holds them otherwise, or has them alone.

The sites differ then until the record changes at either: the exchange brings that across, or puts it aside anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.kept import KeptKind, OpenKind
from ..database import open_there as open_there
from ..database import open_versions as open_versions
from ..database.open_versions import Untaken
from . import Site
from .repositories import Repository


def apart(site: Site, rows: Sequence[int]) -> set[int]:
    """Return the rows of sync_kept that tell of records in which two sites differ if nothing is changed.

    A version that a policy refused is not among them unless the other site does not take ours either: ours was sent.

    Args:
        site: this site.
        rows: rows of sync_kept.
    """
    found = open_versions.untaken(site.db, rows)
    refused = [each for each in found if each.kind == KeptKind.REFUSED]
    not_there: set[tuple[int, str, str | None]] = set()
    for key in {each.repository_id for each in refused}:
        for kind in (OpenKind.REFUSED, OpenKind.LEFT):
            listed = open_there.of_kind(site.db, key, kind)
            not_there.update((key, table, uuid) for table, uuid in listed)
    rest = [
        each
        for each in found
        if each.kind == KeptKind.REJECTED or (each.repository_id, each.table, each.uuid) in not_there
    ]
    return {each.row for each in rest} - _changed(site, rest)


def outdated(repository: Repository) -> set[int]:
    """Return the rows of what was left so of records that changed here since.

    Args:
        repository: the repository that has them otherwise.
    """
    return _changed(repository.site, open_versions.left(repository.site.db, repository.id))


def _changed(site: Site, versions: Sequence[Untaken]) -> set[int]:
    """Return the rows of those whose record changed here since they were put aside."""
    by_table: dict[str, list[Untaken]] = {}
    for each in versions:
        if each.uuid is not None and each.position is not None:
            by_table.setdefault(each.table, []).append(each)
    changed: set[int] = set()
    for name, group in by_table.items():
        table = site.schema.get(name)
        if table is None or "uuid" not in table.fields:
            continue
        uuids = {each.uuid for each in group}
        keys: dict[str | None, int] = dict(site.store.fetch(table, ("uuid", table.key), "uuid", uuids))
        positions = site.journal.positions(name, keys.values())
        for each in group:
            position, _ = positions.get(keys.get(each.uuid, 0), (0, None))
            if position > (each.position or 0):
                changed.add(each.row)
    return changed
