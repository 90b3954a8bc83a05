"""Persons and what belongs to them; pr_pentity is the super-entity of all who can have an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gluon import Field
from gluon.validators import IS_EMPTY_OR, IS_JSON

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define(s3db: S3DataModel) -> None:
    """Declare pr_pentity, pr_person and the components of both."""
    col, T = Columns(s3db), s3db.T

    s3db.super_entity(
        "pr_pentity",
        "pe_id",
        {
            "pr_person": T("Person"),
            "org_organisation": T("Organization"),
            "org_office": T("Office"),
            "org_facility": T("Facility"),
            "cr_shelter": T("Shelter"),
            "hms_hospital": T("Hospital"),
        },
        lambda: Field("pe_label", length=128),
    )
    s3db.configure("pr_pentity", name_fields=("pe_label", "instance_type"))
    s3db.add_components(
        "pr_pentity",
        pr_address="pe_id",
        pr_contact="pe_id",
        pr_image="pe_id",
        pr_note="pe_id",
    )

    genders = {1: T("unknown"), 2: T("female"), 3: T("male"), 4: T("other")}
    s3db.define_table(
        "pr_person",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            col.location(),
            col.text("pe_label", "ID Tag Number", length=128),
            col.text("first_name", "First Name", length=64, required=True),
            col.text("middle_name", "Middle Name", length=64),
            col.text("last_name", "Last Name", length=64),
            col.choice("gender", "Gender", genders, default=1),
            col.date("date_of_birth", "Date of Birth"),
            col.comments(),
        ],
    )
    s3db.configure(
        "pr_person",
        title=T("Persons"),
        name_fields=("first_name", "last_name"),
        list_fields=("first_name", "middle_name", "last_name", "gender", "date_of_birth"),
        super_entity="pr_pentity",
        deduplicate=S3Duplicate(
            primary=("first_name", "last_name"),
            secondary=("middle_name", "date_of_birth", "gender"),
            ignore_deleted=True,
        ),
    )
    s3db.add_components(
        "pr_person",
        pr_identity={"name": "identity", "joinby": "person_id"},
        pr_person_details={"joinby": "person_id", "multiple": False},
        pr_person_availability={"name": "availability", "joinby": "person_id", "multiple": False},
        hrm_human_resource="person_id",
    )

    methods = {
        "SMS": T("Mobile Phone"),
        "EMAIL": T("Email"),
        "HOME_PHONE": T("Home Phone"),
        "WORK_PHONE": T("Work Phone"),
        "WHATSAPP": "WhatsApp",
        "TWITTER": "Twitter",
        "FACEBOOK": "Facebook",
        "SKYPE": "Skype",
        "RADIO": T("Radio Callsign"),
        "RSS": T("RSS Feed"),
        "OTHER": T("other"),
    }
    s3db.define_table(
        "pr_contact",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            col.choice("contact_method", "Contact Method", methods, default="SMS", length=32),
            col.text("value", "Value", required=True),
            col.text("contact_description", "Contact Description"),
            col.integer("priority", "Priority", minimum=1, maximum=10, default=1),
            col.choice("access", "Access", {1: T("Private"), 2: T("Public")}, default=1),
            col.boolean("poll", "Poll", writable=False, readable=False),
            col.comments(),
        ],
    )

    def contact_onvalidation(form: Any) -> None:
        value = (form.vars.get("value") or "").strip()
        if form.vars.get("contact_method") == "EMAIL" and "@" not in value:
            form.errors["value"] = T("Enter a valid email")

    s3db.configure(
        "pr_contact",
        title=T("Contacts"),
        name_fields=("value",),
        sync_together=(("contact_method", "value"),),
        onvalidation=contact_onvalidation,
        deduplicate=S3Duplicate(primary=("pe_id", "contact_method", "value"), ignore_deleted=True),
    )

    s3db.define_table(
        "pr_address",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            col.choice(
                "type",
                "Address Type",
                {
                    1: T("Current Home Address"),
                    2: T("Permanent Home Address"),
                    3: T("Office"),
                    4: T("Holiday Address"),
                    9: T("other"),
                },
                default=1,
            ),
            col.location(ondelete="CASCADE"),
            col.boolean("is_base_location", "Is base location"),
            col.comments(),
        ],
    )
    s3db.configure(
        "pr_address",
        title=T("Addresses"),
        name_fields=("comments",),
        deduplicate=S3Duplicate(primary=("pe_id", "type", "location_id"), ignore_deleted=True),
    )

    s3db.define_table(
        "pr_identity",
        lambda: [
            col.person(required=True, ondelete="CASCADE"),
            col.choice(
                "type",
                "ID type",
                {
                    1: T("Passport"),
                    2: T("National ID Card"),
                    3: T("Driving License"),
                    99: T("other"),
                },
                default=1,
            ),
            col.text("description", "Description"),
            col.text("value", "Number"),
            col.date("valid_from", "Valid From"),
            col.date("valid_until", "Valid Until"),
            col.text("country_code", "Country Code", length=4),
            col.text("place", "Place of Issue"),
            col.text("ia_name", "Issuing Authority"),
            col.upload("image", "Scanned Copy"),
            col.comments(),
        ],
    )
    s3db.configure(
        "pr_identity",
        title=T("Identities"),
        name_fields=("value",),
        deduplicate=S3Duplicate(primary=("person_id", "type", "value"), ignore_deleted=True),
    )

    s3db.define_table(
        "pr_person_details",
        lambda: [
            col.person(required=True, ondelete="CASCADE"),
            col.text("preferred_name", "Preferred Name", length=64),
            col.text("local_name", "Local Name"),
            col.boolean("missing", "Missing"),
            col.text("nationality", "Nationality"),
            col.text("place_of_birth", "Place of Birth"),
            col.integer("year_of_birth", "Year of Birth", minimum=1850, maximum=2200),
            col.choice(
                "marital_status",
                "Marital Status",
                {
                    1: T("unknown"),
                    2: T("single"),
                    3: T("married"),
                    4: T("separated"),
                    5: T("divorced"),
                    6: T("widowed"),
                    9: T("other"),
                },
                default=1,
            ),
            col.integer("number_children", "Number of Children", minimum=0),
            col.text("father_name", "Name of Father"),
            col.text("mother_name", "Name of Mother"),
            col.text("occupation", "Profession", length=128),
            col.text("education", "Education", length=128),
            col.boolean("disabled", "Disabled"),
            col.choice(
                "literacy",
                "Literacy",
                {1: T("none"), 2: T("illiterate"), 3: T("unknown"), 4: T("literate")},
                default=3,
            ),
        ],
    )
    s3db.configure(
        "pr_person_details",
        title=T("Person Details"),
        name_fields=("preferred_name",),
        deduplicate=S3Duplicate(primary=("person_id",), ignore_deleted=True),
    )

    s3db.define_table(
        "pr_person_availability",
        lambda: [
            col.person(required=True, ondelete="CASCADE"),
            col.integer("hours_per_week", "Hours per Week", minimum=0, maximum=168),
            col.text("schedule", "Schedule"),
            col.choices(
                "days_of_week",
                "Days of Week",
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
            Field(
                "schedule_json",
                "json",
                label=T("Schedule (JSON)"),
                requires=IS_EMPTY_OR(IS_JSON(native_json=False)),
            ),
            col.comments(),
        ],
    )
    s3db.configure(
        "pr_person_availability",
        title=T("Availability"),
        name_fields=("schedule",),
        deduplicate=S3Duplicate(primary=("person_id",), ignore_deleted=True),
    )

    s3db.define_table(
        "pr_image",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            col.boolean("profile", "Profile Picture"),
            col.upload("image", "Image"),
            col.website("url", "URL"),
            col.choice(
                "type",
                "Image Type",
                {1: T("Photograph"), 2: T("Sketch"), 3: T("Fingerprint"), 9: T("other")},
                default=1,
            ),
            col.long_text("description", "Description"),
        ],
    )
    s3db.configure("pr_image", title=T("Images"), name_fields=("description",))

    s3db.define_table(
        "pr_note",
        lambda: [
            s3db.super_link("pe_id", "pr_pentity"),
            col.boolean("confirmed", "Confirmed"),
            col.boolean("closed", "Closed"),
            col.choice(
                "status",
                "Status",
                {
                    1: T("missing"),
                    2: T("found"),
                    3: T("deceased"),
                    9: T("none"),
                },
                default=9,
            ),
            col.datetime("timestmp", "Date/Time"),
            col.long_text("note_text", "Text"),
            col.long_text("note_contact", "Contact Info"),
            col.location(),
        ],
    )
    s3db.configure("pr_note", title=T("Notes"), name_fields=("note_text",))
