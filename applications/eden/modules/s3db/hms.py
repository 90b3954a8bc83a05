"""Hospitals, their state and their beds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns
from s3.data_model.validators import UniqueValue

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare hms_hospital, hms_status and hms_bed_capacity."""
    col, T = Columns(s3db), s3db.T

    s3db.define_table(
        "hms_hospital",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            s3db.super_link("pe_id", "pr_pentity"),
            s3db.super_link("site_id", "org_site"),
            col.text(
                "gov_uuid",
                "Government UID",
                length=128,
                unique=True,
                requires=UniqueValue(s3db, "hms_hospital", "gov_uuid"),
            ),
            col.name(),
            col.text("aka1", "Other Name"),
            col.text("aka2", "Other Name"),
            col.text("code", "Code", length=10),
            col.choice(
                "facility_type",
                "Facility Type",
                {
                    1: T("Hospital"),
                    2: T("Field Hospital"),
                    3: T("Specialized Hospital"),
                    11: T("Health center"),
                    12: T("Health center with beds"),
                    13: T("Health center without beds"),
                    21: T("Dispensary"),
                    31: T("Long-term care"),
                    98: T("Other"),
                    99: T("Unknown type of facility"),
                },
                default=1,
            ),
            col.organisation(ondelete="RESTRICT"),
            col.location(),
            col.text("address", "Address"),
            col.text("postcode", "Postcode"),
            col.text("city", "City"),
            col.text("phone_exchange", "Phone/Exchange (Switchboard)"),
            col.text("phone_business", "Phone/Business"),
            col.text("phone_emergency", "Phone/Emergency"),
            col.website(),
            col.email(),
            col.text("fax", "Fax"),
            col.integer("total_beds", "Total Beds", minimum=0, writable=False),
            col.integer("available_beds", "Available Beds", minimum=0, writable=False),
            col.integer("doctors", "Number of doctors", minimum=0),
            col.integer("nurses", "Number of nurses", minimum=0),
            col.integer("non_medical_staff", "Number of non-medical staff", minimum=0),
            col.boolean("obsolete", "Obsolete"),
            col.comments(),
        ],
    )
    s3db.configure(
        "hms_hospital",
        title=T("Hospitals"),
        unique=("gov_uuid",),
        list_fields=("name", "facility_type", "organisation_id", "location_id", "total_beds"),
        super_entity=("doc_entity", "org_site", "pr_pentity"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",), ignore_deleted=True),
    )
    s3db.add_components(
        "hms_hospital",
        hms_status={"name": "status", "joinby": "hospital_id", "multiple": False},
        hms_bed_capacity="hospital_id",
    )

    operations = {1: T("Normal"), 2: T("Compromised"), 3: T("Evacuating"), 4: T("Closed"), 99: T("Unknown")}
    s3db.define_table(
        "hms_status",
        lambda: [
            col.reference("hms_hospital", required=True, ondelete="CASCADE"),
            col.choice("facility_status", "Facility Status", operations),
            col.date("date_reopening", "Estimated Reopening Date"),
            col.choice("facility_operations", "Facility Operations", operations),
            col.choices(
                "damage",
                "Damage sustained",
                {
                    0: T("None"),
                    1: T("No structural damage"),
                    2: T("Cracks in walls"),
                    3: T("Broken windows"),
                    4: T("Roof damaged"),
                    5: T("Collapsed"),
                    6: T("Flooded"),
                },
            ),
            col.choice(
                "power_supply_type",
                "Power Supply Type",
                {1: T("Grid"), 2: T("Generator"), 98: T("Other"), 99: T("None")},
            ),
            col.choice("clinical_status", "Clinical Status", operations),
            col.choice(
                "staffing", "Staffing Level", {1: T("Adequate"), 2: T("Insufficient"), 99: T("Unknown")}
            ),
            col.long_text("access_status", "Road Conditions"),
        ],
    )
    s3db.configure(
        "hms_status",
        title=T("Hospital Status"),
        name_fields=(),
        deduplicate=S3Duplicate(primary=("hospital_id",), ignore_deleted=True),
    )

    s3db.define_table(
        "hms_bed_capacity",
        lambda: [
            col.reference("hms_hospital", required=True, ondelete="CASCADE"),
            col.text(
                "unit_id",
                "Unit",
                length=128,
                unique=True,
                requires=UniqueValue(s3db, "hms_bed_capacity", "unit_id"),
            ),
            col.choice(
                "bed_type",
                "Bed Type",
                {
                    1: T("Adult ICU"),
                    2: T("Pediatric ICU"),
                    3: T("Neonatal ICU"),
                    4: T("Emergency Department"),
                    5: T("Nursery Beds"),
                    6: T("General Medical/Surgical"),
                    7: T("Rehabilitation/Long Term Care"),
                    8: T("Burn ICU"),
                    99: T("Other"),
                },
                default=6,
            ),
            col.datetime("date", "Date of Report"),
            col.integer("beds_baseline", "Baseline Number of Beds", minimum=0, default=0),
            col.integer("beds_available", "Available Beds", minimum=0, default=0),
            col.integer("beds_add24", "Additional Beds / 24hrs", minimum=0, default=0),
            col.comments(),
        ],
    )

    def onaccept_set(ids: Any) -> None:
        beds = s3db["hms_bed_capacity"]
        rows = s3db.db(beds.id.belongs(list(ids))).select(beds.hospital_id, distinct=True)
        count_beds({int(row.hospital_id) for row in rows if row.hospital_id})

    def onaccept(form: Any) -> None:
        onaccept_set([int(form.vars["id"])])

    def ondelete(row: Any) -> None:
        if row.hospital_id:
            count_beds({int(row.hospital_id)})

    def count_beds(hospital_ids: Any) -> None:
        beds, table = s3db["hms_bed_capacity"], s3db["hms_hospital"]
        total, free = beds.beds_baseline.sum(), beds.beds_available.sum()
        live = beds.hospital_id.belongs(list(hospital_ids)) & (beds.deleted == False)  # noqa: E712 - SQL
        sums = {
            int(row[beds.hospital_id]): row
            for row in s3db.db(live).select(beds.hospital_id, total, free, groupby=beds.hospital_id)
        }
        # Computed from the units: this is no edit of the hospital.
        kept = {name: table[name] for name in ("modified_on", "modified_by")}
        for one in hospital_ids:
            row = sums.get(one)
            s3db.db(table.id == one).update_naive(
                total_beds=row[total] if row else None, available_beds=row[free] if row else None, **kept
            )

    s3db.configure(
        "hms_bed_capacity",
        title=T("Bed Capacity"),
        name_fields=("unit_id",),
        unique=("unit_id",),
        onaccept=onaccept,
        onaccept_set=onaccept_set,
        ondelete=ondelete,
    )
    s3db.configure("hms_hospital", computed_fields=("total_beds", "available_beds"))
