"""Locations in a hierarchy: country (L0) down to L5, and places without a level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gluon import Field
from gluon.validators import IS_EMPTY_OR, IS_LENGTH

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns

from .gis_hierarchy import INITIAL, LEVELS, LocationTree, initial_values
from .hierarchy import Hierarchy

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare gis_location with its names in other languages and its tags."""
    col, T = Columns(s3db), s3db.T
    tree = LocationTree(s3db)
    parts = Hierarchy(
        s3db,
        "gis_location",
        T("A location cannot be part of itself"),
        level="level",
        wrong_level=T("The parent must be of a higher level"),
    )

    def computed(name: str, kind: str = "string", **options: Any) -> Field:
        return Field(name, kind, writable=False, readable=False, requires=None, **options)

    s3db.define_table(
        "gis_location",
        lambda: (
            [
                col.text("name", "Name", length=128),
                col.choice(
                    "level",
                    "Level",
                    {level: T("Country") if level == "L0" else level for level in LEVELS},
                    length=2,
                ),
                col.reference("gis_location", "parent", label="Parent", ondelete="RESTRICT"),
                computed("path", length=256),
                col.choice(
                    "gis_feature_type",
                    "Feature Type",
                    {
                        0: T("None"),
                        1: T("Point"),
                        2: T("Line"),
                        3: T("Polygon"),
                        4: T("Multi-point"),
                        5: T("Multi-line"),
                        6: T("Multi-polygon"),
                        7: T("Collection"),
                    },
                    default=1,
                    notnull=True,
                ),
                col.double("lat", "Latitude", -90, 90),
                col.double("lon", "Longitude", -180, 180),
                col.double("radius", "Radius (m)", 0, 20037508.0),
                Field("wkt", "text", label=T("Shape (WKT)"), requires=IS_EMPTY_OR(IS_LENGTH(2**26))),
                col.boolean("inherited", "Position taken from parent", writable=False),
                computed("lat_min", "double"),
                computed("lat_max", "double"),
                computed("lon_min", "double"),
                computed("lon_max", "double"),
                col.double("elevation", "Elevation (m)", -12000, 12000),
                col.long_text("addr_street", "Street Address"),
                col.text("addr_postcode", "Postcode", length=128),
                col.date("start_date", "Start Date"),
                col.date("end_date", "End Date"),
                col.comments(),
            ]
            + [computed(level) for level in reversed(LEVELS)]
        ),
    )
    s3db.configure(
        "gis_location",
        title=T("Locations"),
        name_fields=("name", "addr_street"),
        list_fields=("name", "level", "parent", "lat", "lon"),
        computed_fields=tree.COMPUTED,
        sync_together=(("lat", "lon", "inherited"),),
        own_key_fields=("path",),
        initial_values=(INITIAL, initial_values, ("parent",)),
        deduplicate=S3Duplicate(primary=("name", "level"), secondary=("parent",), ignore_deleted=True),
        onvalidation=parts.onvalidation,
        onvalidation_set=parts.onvalidation_set,
        onaccept=tree.onaccept,
        onaccept_set=tree.update,
    )
    s3db.add_components(
        "gis_location",
        gis_location_name={"name": "name", "joinby": "location_id"},
        gis_location_tag={"name": "tag", "joinby": "location_id"},
    )

    s3db.define_table(
        "gis_location_name",
        lambda: [
            col.location(required=True, ondelete="CASCADE"),
            col.text("language", "Language", length=16),
            col.text("name_l10n", "Local Name"),
            col.comments(),
        ],
    )
    s3db.configure("gis_location_name", deduplicate=S3Duplicate(primary=("location_id", "language")))

    s3db.define_table(
        "gis_location_tag",
        lambda: [
            col.location(required=True, ondelete="CASCADE"),
            col.text("tag", "Key"),
            col.text("value", "Value"),
            col.comments(),
        ],
    )
    s3db.configure("gis_location_tag", deduplicate=S3Duplicate(primary=("location_id", "tag")))
