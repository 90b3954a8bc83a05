"""Deletions that are made here, by the host: what they took along is written down, so that they can be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

from ..core.kept import Place, Referrer
from ..exchange.importer.deletion import DeletionNotes, Emptying, Taken
from . import Site


class HostDeletion(Protocol):
    """A deletion that the host has carried out.

    Attributes:
        deleted: the records; their values do not matter.
        owners: the records that were taken along, each with the one that it went with.
        lost: deleted records -> by which field which records referred to them until now.
    """

    @property
    def deleted(self) -> Mapping[Place, Any]: ...

    @property
    def owners(self) -> Mapping[Place, Place]: ...

    @property
    def lost(self) -> Mapping[Place, Mapping[Referrer, Collection[int]]]: ...


def empty(site: Site, table: str, field: str, values: Mapping[int, Any]) -> bool:
    """Empty a reference to records that are deleted here, within the transaction in which that is done.

    Args:
        site: this site.
        table, field: the reference.
        values: key of each record -> None, or for a list those that stay.

    Returns:
        whether that was done; no table of the host that does not travel is written.
    """
    known = site.schema.get(table)
    if known is None or known.is_super or field not in known.fields:
        return False
    site.journal.store.lock_counter()
    Emptying(site.ports, site.is_possible).empty(known, field, values)
    return True


def note(site: Site, deletion: HostDeletion) -> None:
    """Write down a deletion, within the transaction in which it was carried out.

    Args:
        site: this site.
        deletion: what was done.
    """
    keys: dict[str, list[int]] = defaultdict(list)
    for name, key in deletion.deleted:
        table = site.schema.get(name)
        if table is not None and not table.is_super:
            keys[name].append(int(key))
    moments: dict[str, dict[int, datetime]] = {}
    for name, found in keys.items():
        table = site.schema.table(name)
        moments[name] = dict(site.store.fetch(table, (table.key, "modified_on"), table.key, found))
    asked = {(name, key) for name, found in keys.items() for key in found} - deletion.owners.keys()
    notes = DeletionNotes(site.ports, None, site.host.user_id)
    notes.write(Taken(moments, deletion.owners, deletion.lost), asked, {})
