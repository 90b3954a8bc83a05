"""Tables of a complete Eden, and what it was found to do with a place, one at a time, in words of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from gluon import DAL, Field
from gluon.storage import Storage

from s3sync.host.counterparts import Eden
from s3sync.host.counterparts.locations import LEVELS

NOW = datetime(2026, 2, 1, 10)


class _Model:
    """``current.s3db`` of these tables."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.configured: dict[tuple[str, str], Any] = {("pr_person", "super_entity"): ("pr_pentity",)}
        self.rebuilt: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return self._db[name]

    def table(self, name: Any, default: Any = None) -> Any:
        name = getattr(name, "_tablename", name)
        return self._db[name] if name in self._db.tables else default

    def super_key(self, table: Any) -> str:
        return str(table._id.name)

    def get_config(self, table: Any, key: str, default: Any = None) -> Any:
        return self.configured.get((getattr(table, "_tablename", table), key), default)

    def pr_rebuild_path(self, entity: int, clear: bool = False) -> None:
        self.rebuilt.append(entity)


class _Settings:
    """Answers False to each setting, unless another answer is given."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "get_cr_shelter_registration": True,
            "get_hrm_location_staff": "site_id",
            "get_org_site_code_len": 10,
        }

    def __getattr__(self, name: str) -> Any:
        return lambda: self.answers.get(name, False)


def centre(form: Any) -> None:
    """Write a point as Eden does; an area has its centre and extent written beside it in this stand-in."""
    values = form.vars
    if values.wkt and not values.wkt.startswith("POINT"):
        west, south, east, north = 10.0, 10.0, 20.0, 20.0
        values.update(lon=15.0, lat=15.0, gis_feature_type=3)
    elif values.lat is None and values.lon is None:
        return
    elif values.lat is None or values.lon is None:
        form.errors.lat = "one is missing"
        return
    else:
        west, south, east, north = values.lon, values.lat, values.lon, values.lat
        values.update(wkt=f"POINT ({values.lon} {values.lat})", gis_feature_type="1")
    values.update(lon_min=west, lat_min=south, lon_max=east, lat_max=north)


@contextmanager
def tables(folder: Path) -> Iterator[Eden]:
    """Make the tables that counterparts read and write; yield their surroundings."""
    db = DAL("sqlite://storage.sqlite", folder=str(folder))
    deleted = Field("deleted", "boolean", default=False)
    number = [Field(each, "double") for each in ("lat", "lon", "lat_min", "lat_max", "lon_min", "lon_max")]
    db.define_table(
        "gis_location",
        *(Field(each) for each in ("name", "level", "path", "wkt", *LEVELS)),
        *(Field(each, "integer") for each in ("parent", "gis_feature_type")),
        *number,
        Field("inherited", "boolean"),
    )
    entity, site = Field("pe_id", "integer"), Field("site_id", "integer")
    owner = [Field("organisation_id", "integer"), Field("realm_entity", "integer"), deleted]
    db.define_table(
        "pr_pentity", Field("pe_id", "id"), Field("instance_type"), Field("realm_entity", "integer")
    )
    db.define_table(
        "org_site",
        Field("site_id", "id"),
        Field("instance_type"),
        Field("name"),
        Field("code"),
        Field("location_id"),
    )
    db.define_table("org_organisation", entity.clone(), Field("name"), Field("root_organisation", "integer"))
    db.define_table("org_office", entity.clone(), site.clone(), Field("name"), *owner)
    db.define_table("pr_role", entity.clone(), Field("role"), Field("role_type", "integer"), deleted.clone())
    db.define_table("pr_affiliation", entity.clone(), Field("role_id", "integer"), deleted.clone())
    death, track = Field("date_of_death", "date"), Field("track_id", "integer")
    db.define_table("pr_person", entity.clone(), track.clone(), death, Field("realm_entity", "integer"))
    db.define_table("pr_person_user", entity.clone(), Field("user_id", "integer"))
    counts = (
        "status",
        "capacity",
        "blocked_capacity",
        "population",
        "population_adults",
        "population_children",
    )
    counted = [Field(each, "integer") for each in counts]
    db.define_table(
        "cr_shelter",
        entity.clone(),
        site.clone(),
        Field("name"),
        Field("available_capacity", "integer"),
        *counted,
        *(each.clone() for each in owner),
    )
    shelter = Field("shelter_id", "integer")
    db.define_table(
        "cr_shelter_status",
        shelter,
        Field("date", "date"),
        Field("owned_by_user", "integer"),
        deleted.clone(),
        *(each.clone() for each in counted),
    )
    db.define_table(
        "cr_shelter_registration",
        shelter.clone(),
        Field("person_id", "integer"),
        Field("registration_status", "integer"),
        deleted.clone(),
    )
    db.define_table(
        "hrm_human_resource",
        Field("type", "integer"),
        Field("status", "integer"),
        Field("person_id", "integer"),
        site.clone(),
        Field("site_contact", "boolean"),
        Field("location_id", "integer"),
        *(each.clone() for each in owner),
    )
    post = Field("human_resource_id", "integer")
    db.define_table("hrm_human_resource_site", post, site.clone(), Field("site_contact", "boolean"))
    moment = Field("timestmp", "datetime")
    db.define_table("sit_presence", track.clone(), moment, Field("interlock"), deleted.clone())
    db.define_table("sit_trackable", Field("track_id", "id"), Field("track_timestmp", "datetime"))
    gis = SimpleNamespace(wkt_centroid=centre, disable_update_location_tree=False)
    request = Storage(utcnow=NOW, controller="sync")
    current = SimpleNamespace(gis=gis, request=request, response=Storage(s3=Storage()))
    auth = SimpleNamespace(override=False, rollback=False, user=Storage(id=9))
    try:
        yield Eden(db, _Model(db), auth, _Settings(), current)
    finally:
        db.close()


def place_one(db: Any, key: int) -> None:
    """Work out one place as an Eden does it, where its parents are known: from the row, and down to what inherits."""
    table = db.gis_location
    row = table(key)
    above = table(row.parent) if row.parent and row.level != "L0" else None
    names: dict[str, Any] = dict.fromkeys(LEVELS)
    if above is not None:
        for level in LEVELS[: LEVELS.index(above.level)]:
            names[level] = above[level]
        names[above.level] = above.name
    if row.level:
        names[row.level] = row.name
    path = str(key) if above is None else f"{above.path or above.id}/{key}"
    values = Storage(lat=row.lat, lon=row.lon, wkt=row.wkt, inherited=row.inherited)
    if row.level == "L0":
        values.inherited = False
    elif row.inherited or row.lat is None or row.lon is None:
        values.update(inherited=True, lat=above and above.lat, lon=above and above.lon)
        values.wkt = row.wkt if row.level == "L1" else None
    if not values.wkt:
        values.gis_feature_type = "1"
    form = Storage(vars=values, errors=Storage())
    centre(form)
    if form.errors:
        return
    if values.wkt and not values.wkt.startswith("POI"):
        values.inherited = False
    db(table.id == key).update(path=path, **names, **values)
    for (child,) in db.executesql(f"SELECT id FROM gis_location WHERE parent = {key} AND inherited = 'T'"):
        place_one(db, child)
