"""S3XML for tests: elements by function, and what an import says about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from s3sync.exchange.importer import Report
from tests.support.site import NOW

LATER = NOW + timedelta(minutes=5)
EARLIER = NOW - timedelta(minutes=5)
ORG, OFFICE, LOCATION, PERSON, CONTACT, DETAILS, STAFF = (
    "org_organisation",
    "org_office",
    "gis_location",
    "pr_person",
    "pr_contact",
    "pr_person_details",
    "hrm_human_resource",
)


def told(report: Report) -> dict[str, int]:
    """Return the outcomes of a report by name."""
    return {action.value: count for action, count in report.counts.items() if count}


def reasons(report: Report) -> list[str]:
    """Return why records were rejected."""
    return [outcome.reason for _, outcome in report.failures]


def resource(
    table: str,
    uuid: str | None,
    *parts: str,
    modified_on: datetime | str = NOW,
    mci: int | None = 1,
    **more: str,
) -> str:
    """Return a <resource> element; ``parts`` are its children."""
    moment = modified_on if isinstance(modified_on, str) else modified_on.isoformat()
    attributes = {"name": table, "modified_on": moment, **more}
    if uuid is not None:
        attributes["uuid"] = uuid
    if mci is not None:
        attributes["mci"] = str(mci)
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<resource {written}>{''.join(parts)}</resource>"


def data(field: str, text: str) -> str:
    """Return a <data> element with a text node."""
    return f'<data field="{field}">{text}</data>'


def ref(field: str, table: str, uuid: str) -> str:
    """Return a <reference> element."""
    return f'<reference field="{field}" resource="{table}" uuid="{uuid}"/>'


def deleted(table: str, uuid: str, modified_on: datetime = NOW, replaced_by: str | None = None) -> str:
    """Return a deleted <resource>."""
    more = f' replaced_by="{replaced_by}"' if replaced_by else ""
    return f'<resource name="{table}" uuid="{uuid}" deleted="True" modified_on="{modified_on.isoformat()}"{more}/>'


def org(uuid: str | None, name: str, *parts: str, **more: object) -> str:
    return resource(ORG, uuid, data("name", name), *parts, **more)  # type: ignore[arg-type]


def office(uuid: str, organisation: str, *parts: str, name: str = "Office", **more: object) -> str:
    parts = (data("name", name), ref("organisation_id", ORG, organisation), *parts)
    return resource(OFFICE, uuid, *parts, **more)  # type: ignore[arg-type]


def location(uuid: str, name: str, parent: str | None = None, **more: object) -> str:
    parts = [data("name", name)]
    if parent is not None:
        parts.append(ref("parent", LOCATION, parent))
    return resource(LOCATION, uuid, *parts, **more)  # type: ignore[arg-type]


def contact(uuid: str, value: str, **more: object) -> str:
    return resource(CONTACT, uuid, data("contact_method", "EMAIL"), data("value", value), **more)  # type: ignore[arg-type]


def person(uuid: str, name: str, *parts: str, **more: object) -> str:
    return resource(PERSON, uuid, data("first_name", name), *parts, **more)  # type: ignore[arg-type]


def details(uuid: str, occupation: str, **more: object) -> str:
    return resource(DETAILS, uuid, data("occupation", occupation), **more)  # type: ignore[arg-type]


def staff(uuid: str, code: str, **more: object) -> str:
    """Return a staff record of the person ``p`` with the organisation ``o``."""
    parts = data("code", code), ref("organisation_id", ORG, "o"), ref("person_id", PERSON, "p")
    return resource(STAFF, uuid, *parts, **more)  # type: ignore[arg-type]
