"""Whether a value that a person entered is gone: it is in the record, was replaced by who had seen it, or is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .twins import one_name

if TYPE_CHECKING:
    from .place import Name, Place
    from .world import World

#: Further fields that people edit, beside those that every history has.
FIELDS = {
    "gis_location": ("addr_street", "addr_postcode"),
    "org_organisation": ("contact", "phone"),
    "org_office": ("phone1", "phone2"),
    "pr_person": ("middle_name", "comments"),
}


class Entered(NamedTuple):
    """A value that a person entered.

    Attributes:
        site: where.
        table, uuid, field: in which field.
        value: what.
        replaced: what was there before.
    """

    site: str
    table: str
    uuid: str
    field: str
    value: Any
    replaced: Any


def lost_values(world: World) -> list[str]:
    """Return the values of live records that are gone, nothing if all is well."""
    if world.forgets:
        return []
    name = one_name(*world.sites)
    entered = [each for place in world.sites for each in place.entered]
    gone = {(each.table, each.uuid, each.field, each.replaced) for each in entered}
    gone.update(*(place.seen for place in world.sites))
    # Whoever replaces a value has seen it in all records that are one there.
    replaced = {(table, name(table, uuid), field, value) for table, uuid, field, value in gone}
    problems = []
    for each in entered:
        known_as = name(each.table, each.uuid)
        if each.value is None or (each.table, known_as, each.field, each.value) in replaced:
            continue
        world.happened["value followed"] += 1
        present = [_present(place, each) for place in world.sites]
        if any(present) and True not in (value == [each.value] for value in present):
            if _is_kept(world, each, name):
                world.happened["value kept"] += 1
            else:
                problems.append(
                    f"{each.value!r} in {each.field} of {each.table} {each.uuid} from {each.site} is gone"
                )
    return problems


def _present(place: Place, entered: Entered) -> list[Any]:
    """Return the value of a field in a list of one, nothing where the record does not live."""
    table = place.s3db[entered.table]
    row = place.db((table.uuid == entered.uuid) & (table.deleted == False)).select().first()  # noqa: E712
    return [] if row is None else [row[entered.field]]


def _is_kept(world: World, entered: Entered, name: Name) -> bool:
    """Return whether a value is in a kept version of its record, under whichever of its uuids that was kept."""
    known_as = name(entered.table, entered.uuid)
    for place in (each for each in world.sites if each.eden is None):
        kept = place.db.sync_kept
        for row in place.db(kept.tablename == entered.table).select():
            is_of_it = bool(row.uuid) and name(entered.table, row.uuid) == known_as
            if is_of_it and str(entered.value) in (row.ours or "") + (row.theirs or ""):
                return True
    return False
