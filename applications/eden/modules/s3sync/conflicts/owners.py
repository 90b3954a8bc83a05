"""The record that a component belongs to: without it nothing is put back."""

from __future__ import annotations

from ..core.kept import Place
from ..core.records import Action, Outcome, Record
from ..core.schema import Table
from ..exchange.importer import Report
from ..exchange.importer.deletion import Obstacles, foreign_keys
from ..site import Site


def without_owner(site: Site, record: Record) -> Report | None:
    """Return the rejection of a record that has just been written here and belongs to one that is deleted.

    Args:
        site: this site.
        record: the record.

    Returns:
        None where it belongs to none, or to one that is here.
    """
    table = site.schema.table(record.table)
    owner = _deleted_owner(site, table, record.uuid or "")
    if owner is None:
        return None
    owners = site.schema.table(owner[0])
    found = site.store.fetch(owners, ("uuid",), owners.key, [owner[1]])
    name = " ".join((owner[0], *(str(uuid) for (uuid,) in found)))
    reason = f"The record that it belongs to ({name}) is deleted here: restore that first."
    return Report(failures=[(record, Outcome(Action.REJECTED, table.name, record.uuid, reason=reason))])


def _deleted_owner(site: Site, table: Table, uuid: str) -> Place | None:
    joins = {component.fkey for _, component in site.schema.masters(table.name)}
    fields = [field for field in foreign_keys(table) if field.name in joins]
    for key, *values in site.store.fetch(
        table, (table.key, *(field.name for field in fields)), "uuid", [uuid]
    ):
        for field, value in zip(fields, values):
            gone = Obstacles(site.ports).deleted_targets(field, {key: value}) if value else {}
            if gone:
                return gone[key]
    return None
