"""Staff and volunteers: who works for which organisation, where, as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns
from s3.data_model.validators import ReferenceTo

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare hrm_human_resource with job titles and departments."""
    col, T = Columns(s3db), s3db.T

    s3db.define_table(
        "hrm_department",
        lambda: [col.name(), col.organisation(), col.comments()],
    )
    s3db.configure(
        "hrm_department",
        title=T("Departments"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",)),
    )

    kinds = {1: T("Staff"), 2: T("Volunteer"), 3: T("Both")}
    s3db.define_table(
        "hrm_job_title",
        lambda: [
            col.name(),
            col.organisation(),
            col.choice("type", "Type", kinds, default=3),
            col.comments(),
        ],
    )
    s3db.configure(
        "hrm_job_title",
        title=T("Job Titles"),
        deduplicate=S3Duplicate(primary=("name",), secondary=("organisation_id",)),
    )

    s3db.define_table(
        "hrm_human_resource",
        lambda: [
            s3db.super_link("doc_id", "doc_entity"),
            col.organisation(required=True, ondelete="RESTRICT"),
            s3db.super_link(
                "site_id",
                "org_site",
                ondelete="SET NULL",
                label=T("Site"),
                readable=True,
                writable=True,
                requires=ReferenceTo(s3db, "org_site"),
                represent=col.label("org_site"),
            ),
            col.person(required=True, ondelete="CASCADE"),
            col.choice("type", "Type", {1: T("Staff"), 2: T("Volunteer")}, default=1),
            col.text("code", "Staff ID"),
            col.reference("hrm_job_title", label="Job Title"),
            col.reference("hrm_department", label="Department"),
            col.boolean("essential", "Essential Staff"),
            col.date("start_date", "Start Date"),
            col.date("end_date", "End Date"),
            col.choice("status", "Status", {1: T("Active"), 2: T("Resigned"), 3: T("Terminated")}, default=1),
            col.location(),
            col.boolean("org_contact", "Organization Contact"),
            col.boolean("site_contact", "Site Contact"),
            col.comments(),
        ],
    )

    def onvalidation(form: Any) -> None:
        start, end = form.vars.get("start_date"), form.vars.get("end_date")
        if start and end and end < start:
            form.errors["end_date"] = T("The end must not be before the start")

    s3db.configure(
        "hrm_human_resource",
        title=T("Staff & Volunteers"),
        name_fields=("code",),
        list_fields=("person_id", "organisation_id", "job_title_id", "site_id", "type", "status"),
        super_entity="doc_entity",
        onvalidation=onvalidation,
        deduplicate=S3Duplicate(primary=("person_id",), secondary=("organisation_id",), ignore_deleted=True),
    )

    s3db.define_table(
        "hrm_shift_template",
        lambda: [
            col.choice(
                "day_of_week",
                "Day of Week",
                {
                    0: T("Sunday"),
                    1: T("Monday"),
                    2: T("Tuesday"),
                    3: T("Wednesday"),
                    4: T("Thursday"),
                    5: T("Friday"),
                    6: T("Saturday"),
                },
            ),
            col.time("start_time", "Start Time"),
            col.time("end_time", "End Time"),
            col.comments(),
        ],
    )
    s3db.configure("hrm_shift_template", title=T("Shift Templates"), name_fields=("comments",))
