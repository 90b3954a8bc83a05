"""Shelters, their capacity, units and services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gluon import Field

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare cr_shelter and the tables round it."""
    col, T = Columns(s3db), s3db.T

    s3db.define_table("cr_shelter_type", lambda: [col.name(length=512), col.comments()])
    s3db.configure("cr_shelter_type", title=T("Shelter Types"), deduplicate=S3Duplicate())

    s3db.define_table("cr_shelter_service", lambda: [col.name(length=512), col.comments()])
    s3db.configure("cr_shelter_service", title=T("Shelter Services"), deduplicate=S3Duplicate())

    s3db.define_table(
        "cr_shelter",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            s3db.super_link("pe_id", "pr_pentity"),
            s3db.super_link("site_id", "org_site"),
            col.name(),
            col.text("code", "Code", length=10),
            col.organisation(ondelete="RESTRICT"),
            col.reference("cr_shelter_type", label="Shelter Type"),
            col.references("cr_shelter_service", "shelter_service_id", "Services"),
            col.location(),
            col.person(label="Contact Person"),
            col.text("contact_name", "Contact Name"),
            col.text("phone", "Phone"),
            col.email(),
            col.website(),
            col.comments(),
            col.boolean("obsolete", "Obsolete"),
        ],
    )
    s3db.configure(
        "cr_shelter",
        title=T("Shelters"),
        list_fields=("name", "shelter_type_id", "organisation_id", "location_id", "phone"),
        super_entity=("doc_entity", "org_site", "pr_pentity"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",), ignore_deleted=True),
    )

    def count(name: str, label: str) -> Field:
        return col.integer(name, label, minimum=0, default=0)

    def occupancy() -> list[Field]:
        return [
            count("capacity_day", "Capacity (Day)"),
            count("capacity_night", "Capacity (Night)"),
            count("available_capacity_day", "Available Capacity (Day)"),
            count("available_capacity_night", "Available Capacity (Night)"),
            count("population_day", "Population (Day)"),
            count("population_night", "Population (Night)"),
        ]

    s3db.define_table(
        "cr_shelter_details",
        lambda: (
            [
                s3db.super_link("site_id", "org_site"),
                col.integer("population", "Estimated Population", minimum=0),
            ]
            + occupancy()
            + [col.choice("status", "Status", {1: T("Closed"), 2: T("Open")}, default=2)]
        ),
    )

    def onvalidation(form: Any) -> None:
        for when in ("day", "night"):
            free, all_places = (
                form.vars.get(f"{kind}_{when}") for kind in ("available_capacity", "capacity")
            )
            if free is not None and all_places is not None and free > all_places:
                form.errors[f"available_capacity_{when}"] = T("There cannot be more free places than places")

    s3db.configure(
        "cr_shelter_details",
        title=T("Shelter Status"),
        name_fields=(),
        onvalidation=onvalidation,
        deduplicate=S3Duplicate(primary=("site_id",), ignore_deleted=True),
    )

    s3db.define_table(
        "cr_shelter_unit",
        lambda: (
            [
                s3db.super_link("site_id", "org_site"),
                col.name(),
                col.location(),
                col.choice("status", "Status", {1: T("Available"), 2: T("Not Available")}, default=1),
                col.boolean("transitory", "Transitory"),
                col.boolean("bath", "Bath", default=True),
                col.boolean("shower", "Shower", default=True),
            ]
            + occupancy()
            + [col.boolean("domestic_animals", "Domestic Animals"), col.comments()]
        ),
    )
    s3db.configure(
        "cr_shelter_unit",
        title=T("Housing Units"),
        deduplicate=S3Duplicate(primary=("site_id", "name"), ignore_deleted=True),
    )
    s3db.add_components(
        "cr_shelter",
        cr_shelter_details={"joinby": "site_id", "pkey": "site_id", "multiple": False},
        cr_shelter_unit={"joinby": "site_id", "pkey": "site_id"},
    )
