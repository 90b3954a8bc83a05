"""Organisations with their types, sectors and branches, and the sites they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gluon import Field
from gluon.validators import IS_LENGTH, IS_NOT_EMPTY

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns
from s3.data_model.validators import UniqueValue

from . import doc as doc
from .hierarchy import Hierarchy, types_in_types
from .org_branches import BranchTree, nothing_more

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare org_organisation, org_site and the tables round them."""
    col, T = Columns(s3db), s3db.T
    branches = BranchTree(s3db)
    parts = Hierarchy(
        s3db,
        "org_organisation_branch",
        T("An organization cannot be a branch of itself"),
        below="branch_id",
        above="organisation_id",
        blamed="branch_id",
    )
    doc.define_entity(s3db)

    s3db.define_table(
        "org_organisation_type",
        lambda: [
            col.name(
                length=128,
                unique=True,
                requires=[IS_NOT_EMPTY(), IS_LENGTH(128), UniqueValue(s3db, "org_organisation_type", "name")],
            ),
            col.reference("org_organisation_type", "parent", label="Parent", ondelete="RESTRICT"),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_organisation_type",
        title=T("Organization Types"),
        unique=("name",),
        deduplicate=S3Duplicate(primary=("name",)),
        **types_in_types(s3db, "org_organisation_type"),
    )

    s3db.define_table(
        "org_sector",
        lambda: [
            col.name(length=128),
            col.text("abrv", "Abbreviation", length=64),
            col.location(),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_sector",
        title=T("Sectors"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("abrv",)),
    )

    s3db.define_table(
        "org_organisation",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            Field(
                "root_organisation",
                "reference org_organisation",
                ondelete="SET NULL",
                requires=None,
                readable=False,
                writable=False,
            ),
            col.name(length=128),
            col.text("acronym", "Acronym", length=16),
            col.text("country", "Home Country", length=2),
            col.text("contact", "Contact"),
            col.text("phone", "Phone"),
            col.website(),
            col.integer("year", "Year Founded", minimum=1000, maximum=2200),
            col.upload("logo", "Logo"),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_organisation",
        title=T("Organizations"),
        list_fields=("name", "acronym", "country", "phone", "website"),
        super_entity="pr_pentity",
        computed_fields=("root_organisation",),
        own_key_fields=("root_organisation",),
        initial_values=((), nothing_more, ()),
        deduplicate=S3Duplicate(primary=("name",), ignore_deleted=True),
        onaccept=branches.organisation_onaccept,
        onaccept_set=branches.organisations_accepted,
    )
    s3db.add_components(
        "org_organisation",
        org_organisation_organisation_type="organisation_id",
        org_organisation_type={
            "link": "org_organisation_organisation_type",
            "joinby": "organisation_id",
            "key": "organisation_type_id",
        },
        org_sector_organisation="organisation_id",
        org_sector={"link": "org_sector_organisation", "joinby": "organisation_id", "key": "sector_id"},
        org_organisation_branch=(
            {"name": "branch", "joinby": "organisation_id"},
            {"name": "parent", "joinby": "branch_id"},
        ),
        org_office="organisation_id",
        org_facility="organisation_id",
        hrm_human_resource="organisation_id",
        doc_document="organisation_id",
    )

    s3db.define_table(
        "org_organisation_organisation_type",
        lambda: [
            col.organisation(required=True, ondelete="CASCADE"),
            col.reference(
                "org_organisation_type",
                "organisation_type_id",
                label="Organization Type",
                required=True,
                ondelete="CASCADE",
            ),
        ],
    )
    s3db.configure(
        "org_organisation_organisation_type",
        title=T("Types of Organizations"),
        name_fields=(),
        deduplicate=S3Duplicate(primary=("organisation_id", "organisation_type_id")),
    )

    s3db.define_table(
        "org_sector_organisation",
        lambda: [
            col.reference("org_sector", required=True, ondelete="CASCADE"),
            col.organisation(required=True, ondelete="CASCADE"),
            col.boolean("lead", "Lead"),
        ],
    )
    s3db.configure(
        "org_sector_organisation",
        title=T("Sectors of Organizations"),
        name_fields=(),
        deduplicate=S3Duplicate(primary=("organisation_id", "sector_id")),
    )

    s3db.define_table(
        "org_organisation_branch",
        lambda: [
            col.organisation(required=True, ondelete="CASCADE"),
            col.organisation(name="branch_id", label="Branch", required=True, ondelete="CASCADE"),
        ],
    )
    s3db.configure(
        "org_organisation_branch",
        title=T("Branches"),
        name_fields=(),
        deduplicate=S3Duplicate(primary=("branch_id",)),
        onvalidation=parts.onvalidation,
        onvalidation_set=parts.onvalidation_set,
        onaccept=branches.branch_onaccept,
        onaccept_set=branches.branches_accepted,
        ondelete=branches.branch_ondelete,
    )

    s3db.super_entity(
        "org_site",
        "site_id",
        {
            "org_office": T("Office"),
            "org_facility": T("Facility"),
            "cr_shelter": T("Shelter"),
            "hms_hospital": T("Hospital"),
        },
        lambda: col.text("code", "Code", length=10),
        lambda: col.text("name", "Name", length=64),
        lambda: col.location(),
        lambda: col.organisation(),
        lambda: col.boolean("obsolete", "Obsolete"),
        lambda: col.comments(),
    )
    s3db.configure("org_site", title=T("Sites"))
    s3db.add_components("org_site", hrm_human_resource="site_id")

    s3db.define_table(
        "org_office_type",
        lambda: [col.name(length=128), col.organisation(), col.comments()],
    )
    s3db.configure(
        "org_office_type",
        title=T("Office Types"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",)),
    )

    s3db.define_table(
        "org_office",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            s3db.super_link("pe_id", "pr_pentity"),
            s3db.super_link("site_id", "org_site"),
            col.name(),
            col.text("code", "Code", length=10),
            col.organisation(required=True, ondelete="RESTRICT"),
            col.reference("org_office_type", label="Office Type"),
            col.location(),
            col.text("phone1", "Phone 1"),
            col.text("phone2", "Phone 2"),
            col.email(),
            col.text("fax", "Fax"),
            col.boolean("obsolete", "Obsolete"),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_office",
        title=T("Offices"),
        list_fields=("name", "code", "organisation_id", "office_type_id", "location_id", "phone1"),
        super_entity=("doc_entity", "pr_pentity", "org_site"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",)),
    )

    s3db.define_table(
        "org_facility_type",
        lambda: [
            col.name(length=512),
            col.reference("org_facility_type", "parent", label="Parent", ondelete="RESTRICT"),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_facility_type",
        title=T("Facility Types"),
        deduplicate=S3Duplicate(),
        **types_in_types(s3db, "org_facility_type"),
    )

    s3db.define_table(
        "org_facility",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            s3db.super_link("pe_id", "pr_pentity"),
            s3db.super_link("site_id", "org_site"),
            col.name(),
            col.text("code", "Code", length=10),
            col.organisation(ondelete="RESTRICT"),
            col.location(),
            col.text("opening_times", "Opening Times"),
            col.text("contact", "Contact"),
            col.text("phone1", "Phone 1"),
            col.text("phone2", "Phone 2"),
            col.email(),
            col.website(),
            col.boolean("obsolete", "Obsolete"),
            col.boolean("main_facility", "Main Facility"),
            col.comments(),
        ],
    )
    s3db.configure(
        "org_facility",
        title=T("Facilities"),
        list_fields=("name", "code", "organisation_id", "location_id", "opening_times"),
        super_entity=("doc_entity", "org_site", "pr_pentity"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",)),
    )

    s3db.define_table(
        "org_site_facility_type",
        lambda: [
            s3db.super_link("site_id", "org_site"),
            col.reference("org_facility_type", required=True, ondelete="CASCADE"),
        ],
    )
    s3db.configure(
        "org_site_facility_type",
        title=T("Types of Facilities"),
        name_fields=(),
        deduplicate=S3Duplicate(primary=("site_id", "facility_type_id")),
    )
    s3db.add_components(
        "org_facility",
        org_site_facility_type={"joinby": "site_id", "pkey": "site_id"},
        org_facility_type={
            "link": "org_site_facility_type",
            "joinby": "site_id",
            "pkey": "site_id",
            "key": "facility_type_id",
        },
    )
