"""One kept version for a page: both versions compared, the present record, and the choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.kept import KeptKind, Side
from ..core.records import Action, Record
from ..core.schema import Table
from ..database.tables.fields import live
from ..exchange import disputes as disputes
from ..exchange import versions as versions
from ..exchange.importer.report import problems_of
from ..site import Site
from ..site.labels import Translate, resource_title
from ..ui.look import Problem
from .by_field import ByField, Versions, by_field
from .decisions import in_dispute
from .kept_list import KeptEntry, entries
from .site_words import SiteWords


class Address(NamedTuple):
    """The address of a record's page."""

    controller: str
    function: str
    record_id: int


class ConflictDetail(NamedTuple):
    """The content of the page of one kept version.

    Attributes:
        entry: its entry in the list.
        lines: the two versions, field by field.
        ours, theirs: the versions, None if there is none. Ours is the present record if no version was kept.
        now: the present record, None if it never was here.
        status: the version that the record has now.
        choices: the fields that can be chosen one by one; empty if only a whole version can be chosen.
        address: (controller, function, id) of the record's page, None if there is none.
        companions: components in the other site's version: title and count.
        of_master: whether the record is a component, which cannot be taken alone.
        known: whether this site still has the resource.
        by_field: the conflict field by field, None where the edits are not known.
    """

    entry: KeptEntry
    lines: list[versions.FieldLine] = []
    ours: Record | None = None
    theirs: Record | None = None
    now: Record | None = None
    status: versions.RecordStatus = versions.RecordStatus.ABSENT
    choices: list[versions.FieldChoice] = []
    address: Address | None = None
    companions: list[tuple[str, int]] = []
    of_master: bool = False
    known: bool = False
    by_field: ByField | None = None


def case(site: Site, T: Translate, row: Any) -> ConflictDetail:
    """Return the content of the page of a kept version.

    Args:
        site: this site.
        T: web2py's translator.
        row: row of sync_kept.
    """
    (entry,) = entries(site, [row])
    found = ConflictDetail(entry)
    table = site.schema.get(row.tablename)
    if table is None:
        return found
    kept, theirs = versions.read(row.ours, site.schema), versions.read(row.theirs, site.schema)
    present = present_row(site, table, row.uuid)
    now = _now(site, table, present)
    here = present is not None and not present.deleted
    ours = now if kept is None else kept
    words = SiteWords(site, T, table, [kept, theirs, now])
    domain = site.own_domain
    lines = versions.compare(ours, theirs, table, words, domain)
    by, status = None, versions.record_status(now, ours, theirs, table, domain)
    if row.kind == KeptKind.CONFLICT:
        disputed = in_dispute(site, kept, theirs, table)
        if disputed is not None and kept is not None and theirs is not None:
            status = disputes.status(disputed, now, kept, theirs, table, domain)
        both = Versions(
            kept,
            theirs,
            {each.name: each.ours or "" for each in lines},
            {each.name: each.theirs or "" for each in lines},
        )
        by = by_field(site, table, int(present[table.key]) if present is not None else None, both, words)
    return found._replace(
        lines=lines,
        by_field=by,
        ours=ours,
        theirs=theirs,
        now=now,
        status=status,
        choices=_choices(versions.choices(kept, theirs, now, table, words, domain), by),
        address=address_of(site, table, present) if here else None,
        companions=[
            (resource_title(site, name), count) for name, count in sorted(versions.companions(theirs).items())
        ],
        of_master=not here and _comes_along(site, table),
        known=True,
    )


def _choices(choices: list[versions.FieldChoice], by: ByField | None) -> list[versions.FieldChoice]:
    """Return what can be chosen: where fields merged by themselves, those that did not."""
    return choices if by is None else [each for each in choices if each.name in by.names]


def picked(choices: list[versions.FieldChoice], variables: Mapping[str, Any]) -> dict[str, Side]:
    """Return the chosen side for each field; the preset if the form has no valid one.

    Args:
        choices: the fields that can be chosen.
        variables: variables of the form: ``field_<name>`` is the side.
    """
    return {
        each.name: next((side for side in each.options if side == given), each.preset)
        for each in choices
        for given in [str(variables.get(f"field_{each.name}") or "")]
    }


def present_row(site: Site, table: Table, uuid: str | None) -> Any:
    """Return the record's row, also a deleted one; None if there is none."""
    if uuid is None:
        return None
    rows = site.host.table(table.name)
    return site.db(rows.uuid == uuid).select(limitby=(0, 1)).first()


def _now(site: Site, table: Table, present: Any) -> Record | None:
    if present is None:
        return None
    key = int(present[table.key])
    return versions.read(site.exporter.snapshot(table, [key]).get(key), site.schema)


def _comes_along(site: Site, table: Table) -> bool:
    """Return whether records of the table travel only as components."""
    tasks = site.db.sync_task
    return (
        any(component.travels for _, component in site.schema.masters(table.name))
        and site.db((tasks.resource_name == table.name) & live(tasks)).isempty()
    )


def address_of(site: Site, table: Table, present: Any) -> Address | None:
    """Return the page of a record, or of its master."""
    if site.host.page_exists(table.prefix, table.resource):
        return Address(table.prefix, table.resource, int(present[table.key]))
    for name, component in site.schema.masters(table.name):
        master = site.schema.get(name)
        key = present.get(component.fkey)
        if master is None or not key or not site.host.page_exists(master.prefix, master.resource):
            continue
        rows = site.host.table(name)
        row = site.db(rows[component.pkey] == key).select(rows[master.key], limitby=(0, 1)).first()
        if row is not None:
            return Address(master.prefix, master.resource, int(row[master.key]))
    return None


def told(T: Translate, report: Any) -> str:
    """Return in a sentence what became of a version that a person restored.

    Args:
        T: web2py's translator.
        report: the report of the restoration.
    """
    if report.failures:
        return Problem(T("Nothing was changed: %s") % " ".join(map(str, problems_of(report))))
    sentences = {
        Action.CREATED: T("The record was created."),
        Action.UPDATED: T("The record was changed. The next synchronization takes it to the other sites."),
        Action.DELETED: T("The record was deleted. The next synchronization deletes it at the other sites."),
        Action.MERGED: T("The record was merged. The next synchronization takes that to the other sites."),
    }
    made = [sentences[action] for action in sentences if report.main.get(action)]
    happened = str(made[0] if made else T("The record says so already; nothing was changed."))
    return " ".join([happened, *report.warnings])
