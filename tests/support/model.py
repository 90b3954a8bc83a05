"""A small schema for tests of the core: the shapes of Eden's tables without a database."""

from __future__ import annotations

from typing import Any

from s3sync.schema import Component, Field, Schema, Table


def field(name: str, type: str = "string", **more: Any) -> Field:
    """Return a field of a web2py type; references get their target from it."""
    kind, _, rest = type.partition(" ")
    kind = "decimal" if kind.startswith("decimal") else kind
    return Field(name, type, kind, target=rest or None, **more)


META = tuple(
    field(name, type)
    for name, type in (
        ("id", "id"),
        ("uuid", "string"),
        ("mci", "integer"),
        ("deleted", "boolean"),
        ("created_on", "datetime"),
        ("modified_on", "datetime"),
    )
)


def table(name: str, *fields: Field, components: tuple[Component, ...] = (), **more: Any) -> Table:
    """Return a table with meta-fields."""
    return Table(
        name,
        {each.name: each for each in (*META, *fields)},
        components={each.alias: each for each in components},
        **more,
    )


def component(alias: str, table: str, fkey: str, pkey: str = "id", needs_alias: bool = False) -> Component:
    """Return a component."""
    return Component(alias=alias, table=table, pkey=pkey, fkey=fkey, needs_alias=needs_alias)


def schema(extra: Table | None = None) -> Schema:
    """Return organisations with types and branches, offices and persons, files, and odd types."""
    tables = [
        table(
            "org_organisation",
            field("pe_id", "reference pr_pentity"),
            field("name", length=128, notnull=True, required=True),
            field("acronym", length=16, represented=True),
            field("year", "integer"),
            field("country", represented=True, length=2),
            field("contact"),
            field("comments", "text", represented=True),
            field("root_organisation", "reference org_organisation"),
            super_keys={"pe_id": "pr_pentity"},
            components=(
                component(
                    "organisation_organisation_type", "org_organisation_organisation_type", "organisation_id"
                ),
                component("branch", "org_organisation_branch", "organisation_id", needs_alias=True),
                component("parent", "org_organisation_branch", "branch_id", needs_alias=True),
                component("contact", "pr_contact", "pe_id", "pe_id"),
                component("office", "org_office", "organisation_id"),
            ),
            computed=frozenset({"root_organisation"}),
        ),
        table("org_organisation_type", field("name", length=128)),
        table(
            "org_organisation_organisation_type",
            field("organisation_id", "reference org_organisation"),
            field("organisation_type_id", "reference org_organisation_type"),
        ),
        table(
            "org_organisation_branch",
            field("organisation_id", "reference org_organisation"),
            field("branch_id", "reference org_organisation"),
        ),
        table(
            "org_site",
            field("site_id", "id"),
            field("name"),
            key="site_id",
            instance_types=("org_office", "cr_shelter"),
        ),
        table(
            "pr_pentity", field("pe_id", "id"), key="pe_id", instance_types=("org_organisation", "pr_person")
        ),
        table(
            "org_office",
            field("site_id", "reference org_site"),
            field("name", length=64),
            field("code", length=10),
            field("organisation_id", "reference org_organisation"),
            field("obsolete", "boolean"),
            super_keys={"site_id": "org_site"},
        ),
        table(
            "pr_person",
            field("pe_id", "reference pr_pentity"),
            field("first_name"),
            field("last_name", represented=True),
            field("date_of_birth", "date"),
            super_keys={"pe_id": "pr_pentity"},
            components=(
                component("contact", "pr_contact", "pe_id", "pe_id"),
                component("availability", "pr_person_availability", "person_id"),
            ),
        ),
        table(
            "pr_contact",
            field("pe_id", "reference pr_pentity"),
            field("contact_method"),
            field("value", notnull=True),
            field("priority", "integer"),
        ),
        table(
            "pr_person_availability",
            field("person_id", "reference pr_person"),
            field("hours_per_week", "integer"),
            field("schedule_json", "json"),
            field("days_of_week", "list:integer"),
        ),
        table(
            "hrm_human_resource",
            field("person_id", "reference pr_person"),
            field("organisation_id", "reference org_organisation"),
            field("site_id", "reference org_site"),
            field("course_id", "list:reference hrm_course"),
            field("tags", "list:string"),
            field("starts", "time"),
            field("status", "integer"),
        ),
        table(
            "hrm_course",
            field("name", represented=True),
            field("hours", "double"),
            field("fee", "decimal(10,2)"),
        ),
        table(
            "doc_document",
            field("name"),
            field("file", "upload"),
            field("date", "datetime"),
            field("secret", "password"),
        ),
    ]
    if extra is not None:
        tables.append(extra)
    return Schema({each.name: each for each in tables})
