"""The small data model of tests that are not about the bundled one: Eden's names and shapes.

``define`` makes its tables on any database, as the contract suites want them; ``schema`` needs none.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from pydal import DAL, Field
from pydal.validators import IS_EMPTY_OR, IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY

from s3sync.core.clock import SystemClock
from s3sync.core.schema import Schema
from s3sync.database.tables.fields import meta_fields
from s3sync.host.schema import build_schema

LINK = "org_organisation_organisation_type"


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

    def load_all(self) -> None:
        """All tables are defined."""

    def version(self) -> tuple[str, ...]:
        return tuple(self.db.tables)

    def table(self, name: str) -> Any:
        return self.db[name]

    def call(self, callback: Any, table: str, arguments: Any) -> Any:
        return callback(*arguments)

    def has_realm_rule(self, table: str) -> bool:
        return False

    def super_key(self, supertable: str) -> str:
        return {"pr_pentity": "pe_id", "org_site": "site_id"}[supertable]

    def add_component(self, master: str, alias: str, tablename: str, fkey: str, pkey: str = "id") -> None:
        found = SimpleNamespace(
            tablename=tablename, alias=alias, pkey=pkey, fkey=fkey, multiple=True, link=None
        )
        self.joined.setdefault(master, {})[alias] = found


def define(db: DAL) -> SmallHost:
    """Define the tables and say how they belong together."""
    host = SmallHost(db)
    _define_entities(db)
    _define_organisations(db)
    _define_persons(db)
    _define_odd_types(db)
    for name, entity in (
        ("org_organisation", "pr_pentity"),
        ("pr_person", "pr_pentity"),
        ("org_office", "org_site"),
    ):
        host.configure(name, super_entity=entity)
    host.configure("org_organisation", computed_fields=("root_organisation",))
    host.configure("pr_contact", sync_together=(("contact_method", "value"),))
    for master, alias, tablename, fkey, pkey in COMPONENTS:
        host.add_component(master, alias, tablename, fkey, pkey)
    return host


@cache
def schema() -> Schema:
    """Return the tables of the data model for tests that need no database."""
    db = DAL(None)
    return build_schema(db, define(db))


COMPONENTS = (
    ("org_organisation", "organisation_organisation_type", LINK, "organisation_id", "id"),
    ("org_organisation", "branch", "org_organisation_branch", "organisation_id", "id"),
    ("org_organisation", "parent", "org_organisation_branch", "branch_id", "id"),
    ("org_organisation", "contact", "pr_contact", "pe_id", "pe_id"),
    ("org_organisation", "name", "org_organisation_name", "organisation_id", "id"),
    ("org_organisation", "office", "org_office", "organisation_id", "id"),
    ("pr_person", "contact", "pr_contact", "pe_id", "pe_id"),
    ("pr_person", "availability", "pr_person_availability", "person_id", "id"),
)


def _table(db: DAL, name: str, *fields: Field) -> None:
    db.define_table(name, *fields, *meta_fields(db, SystemClock()))


def _super_table(db: DAL, name: str, key: str, *fields: Field) -> None:
    db.define_table(
        name,
        Field(key, "id"),
        Field("instance_type", length=64),
        Field("uuid", length=128, notnull=True, unique=True),
        Field("deleted", "boolean", default=False),
        *fields,
    )


def _define_entities(db: DAL) -> None:
    _super_table(db, "pr_pentity", "pe_id", Field("pe_label", length=64))
    _super_table(db, "org_site", "site_id", Field("name", length=64))
    _table(
        db,
        "gis_location",
        Field("name", length=128),
        Field("level", length=2),
        Field("parent", "reference gis_location"),
        Field("lat", "double"),
    )


def _define_organisations(db: DAL) -> None:
    _table(
        db,
        "org_organisation",
        Field("pe_id", "reference pr_pentity"),
        Field("name", length=128, notnull=True, requires=[IS_NOT_EMPTY(), IS_LENGTH(128)]),
        Field("acronym", length=16, requires=IS_EMPTY_OR(IS_LENGTH(16)), represent=_shown),
        Field("year", "integer"),
        Field("country", length=2, represent=_shown),
        Field("contact", length=255),
        Field("comments", "text", represent=_shown),
        Field("root_organisation", "reference org_organisation"),
    )
    _table(db, "org_organisation_type", Field("name", length=128))
    _table(
        db,
        LINK,
        Field("organisation_id", "reference org_organisation"),
        Field("organisation_type_id", "reference org_organisation_type"),
    )
    _table(
        db,
        "org_organisation_name",
        Field("organisation_id", "reference org_organisation"),
        Field("name_l10n", length=64),
    )
    _table(
        db,
        "org_organisation_branch",
        Field("organisation_id", "reference org_organisation"),
        Field("branch_id", "reference org_organisation"),
    )
    _table(
        db,
        "org_office",
        Field("site_id", "reference org_site"),
        Field("name", length=64, notnull=True),
        Field("code", length=10),
        Field("organisation_id", "reference org_organisation"),
        Field("location_id", "reference gis_location"),
        Field("obsolete", "boolean"),
    )


def _define_persons(db: DAL) -> None:
    _table(
        db,
        "pr_person",
        Field("pe_id", "reference pr_pentity"),
        Field("pe_label", length=64),
        Field("first_name", length=64, notnull=True, requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
        Field("last_name", length=64, represent=_shown),
        Field("date_of_birth", "date"),
    )
    _table(
        db,
        "pr_contact",
        Field("pe_id", "reference pr_pentity"),
        Field("contact_method", length=32, requires=IS_IN_SET(("SMS", "EMAIL"))),
        Field("value", length=128),
        Field("priority", "integer"),
    )
    _table(
        db,
        "pr_person_availability",
        Field("person_id", "reference pr_person"),
        Field("hours_per_week", "integer"),
        Field("schedule_json", "json"),
        Field("days_of_week", "list:integer"),
    )
    _table(
        db,
        "hrm_course",
        Field("name", length=64, represent=_shown),
        Field("hours", "double"),
        Field("fee", "decimal(10,2)"),
    )
    _table(
        db,
        "hrm_human_resource",
        Field("person_id", "reference pr_person"),
        Field("organisation_id", "reference org_organisation"),
        Field("site_id", "reference org_site"),
        Field("course_id", "list:reference hrm_course"),
        Field("tags", "list:string"),
        Field("starts", "time"),
        Field("status", "integer"),
    )


def _define_odd_types(db: DAL) -> None:
    _table(
        db,
        "doc_document",
        Field("name", length=128),
        Field("file", "upload"),
        Field("date", "datetime"),
        Field("secret", "password"),
    )
    _table(
        db,
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


def _shown(value: Any) -> str:
    return str(value)


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
