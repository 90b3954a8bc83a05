"""What people do at a site of the simulation."""

from __future__ import annotations

import random
from typing import Any

from s3.data_model.errors import DeletionRestricted

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
        done = change(place, rnd)
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
    kind = rnd.choice(("location", "organisation", "office", "person", "type"))
    s3db = place.s3db
    if kind == "location":
        parent = place.any("gis_location", rnd)
        s3db["gis_location"].insert(name=name, uuid=f"l{name}", parent=parent)
    elif kind == "organisation":
        s3db["org_organisation"].insert(name=name, uuid=f"o{name}")
    elif kind == "office":
        owner = place.any("org_organisation", rnd)
        if owner is not None:
            where = place.any("gis_location", rnd)
            s3db["org_office"].insert(name=name, uuid=f"f{name}", organisation_id=owner, location_id=where)
    elif kind == "type":
        s3db["org_organisation_type"].insert(name=name, uuid=f"t{name}")
    else:
        key = s3db["pr_person"].insert(first_name=name, uuid=f"p{name}")
        joined = s3db["pr_person"][key].pe_id
        s3db["pr_contact"].insert(pe_id=joined, contact_method="SMS", value=name, uuid=f"c{name}")


def change(place: Place, rnd: random.Random) -> bool:
    """Change a record of some kind; return whether there was one."""
    tablename = rnd.choice(sorted(place.tables))
    key = place.any(tablename, rnd)
    if key is None:
        return False
    values: dict[str, Any] = {place.tables[tablename]: rnd.choice((None, "a", "b", "c"))}
    if tablename == "org_office" and rnd.random() < 0.5:
        values = {"organisation_id": place.any("org_organisation", rnd)}
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
    try:
        place.s3db.delete(office, [row.id for row in found])
        place.s3db.delete(place.s3db["org_organisation"], [key])
    except DeletionRestricted:
        place.db.rollback()
        return False
    return True
