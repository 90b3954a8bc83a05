"""A small data model for the contract suites of the database edges: Eden's names, nothing of the application."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pydal import DAL, Field
from pydal.validators import IS_EMPTY_OR, IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY

from s3sync.model import meta_fields


class SmallHost:
    """A host's data model (port.DataModel) of configured parts."""

    def __init__(self, db: DAL) -> None:
        self.db = db
        self.configured: dict[str, dict[str, Any]] = {}
        self.joined: dict[str, dict[str, Any]] = {}

    def configure(self, tablename: str, **keys: Any) -> None:
        self.configured.setdefault(tablename, {}).update(keys)

    def config(self, tablename: str, key: str, default: Any = None) -> Any:
        return self.configured.get(tablename, {}).get(key, default)

    def components(self, tablename: str) -> dict[str, Any]:
        return self.joined.get(tablename, {})

    def table(self, name: str) -> Any:
        return self.db[name]

    def super_key(self, supertable: str) -> str:
        return {"pr_pentity": "pe_id"}[supertable]

    def add_component(self, master: str, alias: str, tablename: str, fkey: str, pkey: str = "id") -> None:
        found = SimpleNamespace(
            tablename=tablename, alias=alias, pkey=pkey, fkey=fkey, multiple=True, link=None
        )
        self.joined.setdefault(master, {})[alias] = found


def define(db: DAL) -> SmallHost:
    """Define the tables and say how they belong together."""
    host = SmallHost(db)

    def table(name: str, *fields: Field, **options: Any) -> None:
        db.define_table(name, *fields, *meta_fields(db), **options)

    table(
        "gis_location",
        Field("name", length=128),
        Field("level", length=2),
        Field("parent", "reference gis_location"),
        Field("lat", "double"),
    )
    db.define_table(
        "pr_pentity",
        Field("pe_id", "id"),
        Field("instance_type", length=64),
        Field("uuid", length=128, notnull=True, unique=True),
        Field("deleted", "boolean", default=False),
        Field("pe_label", length=64),
    )
    table(
        "pr_person",
        Field("pe_id", "reference pr_pentity"),
        Field("pe_label", length=64),
        Field("first_name", length=64, notnull=True, requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
        Field("last_name", length=64),
    )
    table(
        "org_organisation",
        Field("pe_id", "reference pr_pentity"),
        Field("name", length=128, notnull=True, requires=[IS_NOT_EMPTY(), IS_LENGTH(128)]),
        Field("acronym", length=16, requires=IS_EMPTY_OR(IS_LENGTH(16))),
        Field("year", "integer"),
    )
    table(
        "org_office",
        Field("name", length=64, notnull=True),
        Field("organisation_id", "reference org_organisation"),
        Field("location_id", "reference gis_location"),
    )
    table(
        "pr_contact",
        Field("pe_id", "reference pr_pentity"),
        Field("contact_method", length=32, requires=IS_IN_SET(("SMS", "EMAIL"))),
        Field("value", length=128),
    )
    table(
        "dev_sample",
        Field("string_field", length=64, unique=True),
        Field("text_field", "text"),
        Field("integer_field", "integer"),
        Field("bigint_field", "bigint"),
        Field("double_field", "double"),
        Field("decimal_field", "decimal(12,3)"),
        Field("boolean_field", "boolean"),
        Field("date_field", "date"),
        Field("time_field", "time"),
        Field("datetime_field", "datetime"),
        Field("json_field", "json"),
        Field("upload_field", "upload"),
        Field("strings_field", "list:string"),
        Field("integers_field", "list:integer"),
        Field("references_field", "list:reference gis_location"),
        Field("reference_field", "reference gis_location"),
    )
    for name in ("pr_person", "org_organisation"):
        host.configure(name, super_entity="pr_pentity")
        host.add_component(name, "contact", "pr_contact", "pe_id", "pe_id")
    host.add_component("org_organisation", "office", "org_office", "organisation_id")
    return host


ALL_KINDS: list[str] = [
    "string_field",
    "text_field",
    "integer_field",
    "bigint_field",
    "double_field",
    "decimal_field",
    "boolean_field",
    "date_field",
    "time_field",
    "datetime_field",
    "json_field",
    "upload_field",
    "strings_field",
    "integers_field",
    "references_field",
    "reference_field",
]


def first(rows: Any) -> Any | None:
    """Return the first of pydal's rows."""
    return rows.first()
