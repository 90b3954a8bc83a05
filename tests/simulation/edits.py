"""What people do at a site of the simulation."""

from __future__ import annotations

import random
from typing import Any, Callable

from .entered import FIELDS
from .place import Place


def edit(place: Place, number: str, rnd: random.Random) -> None:
    """Do what a person might do; where there is nothing to do it with, make a record.

    Args:
        place: where.
        number: makes new records tell apart.
        rnd: decides everything.
    """
    chance = rnd.random()
    if chance < 0.34:
        done = False
    elif chance < 0.82:
        done = change(place, number, rnd)
    elif chance < 0.90:
        done = delete(place, rnd)
    elif chance < 0.95:
        done = delete_with_offices(place, rnd)
    else:
        done = place.merge("org_organisation", rnd)
    if not done:
        create(place, number, rnd)


def create(place: Place, name: str, rnd: random.Random) -> None:
    """Make a record of some kind."""
    make(place, rnd.choice((*MAKERS,)), name, rnd)


def some(place: Place, tablename: str, name: str, rnd: random.Random) -> int:
    """Return the key of one of the live records of a table, of a new one where there is none."""
    return place.any(tablename, rnd) or make(place, tablename, name, rnd)


def make(place: Place, tablename: str, name: str, rnd: random.Random) -> int:
    """Make a record of a table; return its key."""
    return MAKERS[tablename](place, name, rnd)


def _location(place: Place, name: str, rnd: random.Random) -> int:
    parent = place.any("gis_location", rnd)
    return place.insert("gis_location", name=name, uuid=f"l{name}", parent=parent)


def _organisation(place: Place, name: str, rnd: random.Random) -> int:
    return place.insert("org_organisation", name=name, uuid=f"o{name}")


def _office(place: Place, name: str, rnd: random.Random) -> int:
    owner = some(place, "org_organisation", name, rnd)
    where = place.any("gis_location", rnd)
    return place.insert("org_office", name=name, uuid=f"f{name}", organisation_id=owner, location_id=where)


def _type(place: Place, name: str, rnd: random.Random) -> int:
    return place.insert("org_organisation_type", name=name, uuid=f"t{name}")


def _person(place: Place, name: str, rnd: random.Random) -> int:
    key = place.insert("pr_person", first_name=name, uuid=f"p{name}")
    joined = place.s3db["pr_person"][key].pe_id
    place.insert("pr_contact", pe_id=joined, contact_method="SMS", value=name, uuid=f"c{name}")
    return key


MAKERS: dict[str, Callable[[Place, str, random.Random], int]] = {
    "gis_location": _location,
    "org_organisation": _organisation,
    "org_office": _office,
    "pr_person": _person,
    "org_organisation_type": _type,
}


def change(place: Place, number: str, rnd: random.Random) -> bool:
    """Change one or two fields of a record of some kind; return whether there was one."""
    tablename = rnd.choice(sorted(name for name, field in place.tables.items() if field))
    key = place.any(tablename, rnd)
    if key is None:
        return False
    fields = (place.tables[tablename], *FIELDS.get(tablename, ()))
    chosen = rnd.sample(fields, min(len(fields), rnd.choice((1, 1, 2))))
    values: dict[str, Any] = {
        field: rnd.choice((None, "same", f"{number}{field}", number)) for field in chosen
    }
    owner = place.any("org_organisation", rnd) if tablename == "org_office" and rnd.random() < 0.5 else None
    # No form takes an office without one.
    if owner is not None:
        values = {"organisation_id": owner}
    place.change(tablename, key, **values)
    return True


def delete(place: Place, rnd: random.Random) -> bool:
    """Delete a record of some kind, if nothing needs it; return whether there was one that could go."""
    tablename = rnd.choice(sorted(place.tables))
    key = place.any(tablename, rnd)
    return key is not None and place.delete(tablename, key)


def delete_with_offices(place: Place, rnd: random.Random) -> bool:
    """Delete an organisation after what stands in the way of that, as a person does; return whether it went."""
    key = place.any("org_organisation", rnd)
    if key is None:
        return False
    office = place.s3db["org_office"]
    found = place.db((office.organisation_id == key) & (office.deleted == False)).select(office.id)  # noqa: E712
    return place.delete_all([("org_office", [row.id for row in found]), ("org_organisation", [key])])
