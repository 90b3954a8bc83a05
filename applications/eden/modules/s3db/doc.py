"""Documents and images; doc_entity is the super-entity of all records that can have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gluon import Field

from s3.data_model.duplicates import S3Duplicate
from s3.data_model.fields import Columns

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


def define_entity(s3db: S3DataModel) -> None:
    """Declare doc_entity, once; its instances refer to it before the documents are declared."""
    if "doc_entity" in s3db.declared_tables():
        return
    T = s3db.T
    s3db.super_entity(
        "doc_entity",
        "doc_id",
        {
            "org_office": T("Office"),
            "org_facility": T("Facility"),
            "hrm_human_resource": T("Human Resource"),
            "cr_shelter": T("Shelter"),
            "hms_hospital": T("Hospital"),
            "event_event": T("Event"),
            "event_incident": T("Incident"),
        },
    )
    s3db.configure("doc_entity", name_fields=("instance_type",))
    s3db.add_components("doc_entity", doc_document="doc_id", doc_image="doc_id")


def define(s3db: S3DataModel) -> None:
    """Declare doc_entity, doc_document and doc_image."""
    col, T = Columns(s3db), s3db.T

    define_entity(s3db)

    def common() -> list[Field]:
        return [
            s3db.super_link("doc_id", "doc_entity"),
            s3db.super_link("site_id", "org_site", ondelete="SET NULL"),
            col.upload("file", "File"),
            Field("mime_type", label=T("File Type"), writable=False, readable=False),
            col.text("name", "Name", length=128),
            col.website("url", "URL"),
        ]

    def details() -> list[Field]:
        return [
            col.person(),
            col.organisation(),
            col.date(),
            col.location(),
            col.comments(),
        ]

    def checksum() -> Field:
        return Field("checksum", writable=False, readable=False)

    s3db.define_table(
        "doc_document",
        lambda: (
            common()
            + [col.boolean("is_template", "Template", readable=False, writable=False)]
            + details()
            + [col.boolean("has_been_indexed", "Indexed", readable=False, writable=False), checksum()]
        ),
    )
    s3db.define_table(
        "doc_image",
        lambda: (
            common()
            + [
                s3db.super_link("pe_id", "pr_pentity"),
                col.choice(
                    "type",
                    "Image Type",
                    {1: T("Photograph"), 2: T("Sketch"), 3: T("Map"), 9: T("other")},
                    default=1,
                ),
            ]
            + details()
            + [checksum()]
        ),
    )
    for name, title in (("doc_document", T("Documents")), ("doc_image", T("Photos"))):
        s3db.configure(
            name,
            title=title,
            list_fields=("name", "file", "date", "organisation_id", "url"),
            local_fields=("has_been_indexed",) if name == "doc_document" else (),
            deduplicate=S3Duplicate(primary=("doc_id", "name"), secondary=("url",), ignore_deleted=True),
        )
