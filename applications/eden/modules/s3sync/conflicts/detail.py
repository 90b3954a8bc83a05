"""One kept version for a page: both versions compared, the present record, and the choices."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.kept import Side
from ..core.records import Action, Record, Reference, Upload
from ..core.schema import Field, Table
from ..database.tables.fields import live
from ..exchange import versions as versions
from ..exchange.importer.report import problems_of
from ..site import Site
from ..site.labels import Translate, resource_title
from .kept_list import KeptEntry, entries


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
        decided_by: the user who decided, None if nobody did or the account is gone.
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
    decided_by: str | None = None


def case(site: Site, T: Translate, row: Any) -> ConflictDetail:
    """Return the content of the page of a kept version.

    Args:
        site: this site.
        T: web2py's translator.
        row: row of sync_kept.
    """
    (entry,) = entries(site, [row])
    found = ConflictDetail(entry, decided_by=site.accounts.email(row.resolved_by))
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
    return found._replace(
        lines=versions.compare(ours, theirs, table, words, domain),
        ours=ours,
        theirs=theirs,
        now=now,
        status=versions.record_status(now, ours, theirs, table, domain),
        choices=versions.choices(kept, theirs, now, table, words, domain),
        address=address_of(site, table, present) if here else None,
        companions=[
            (resource_title(site, name), count) for name, count in sorted(versions.companions(theirs).items())
        ],
        of_master=not here and _comes_along(site, table),
        known=True,
    )


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


class SiteWords:
    """Labels of fields and values as text, from this site's data model; see ``exchange.versions.Words``.

    Args:
        site: this site.
        T: web2py's translator.
        table: the table whose fields are shown.
        shown: the versions to show; their references are looked up together.
    """

    def __init__(self, site: Site, T: Translate, table: Table, shown: Sequence[Record | None] = ()) -> None:
        self._site = site
        self._T = T
        self._fields = site.host.table(table.name)
        self._labels: dict[tuple[str, str | None], str | None] = {}
        self._look_up([each for record in shown if record is not None for each in _references(record)])

    def label(self, field: Field) -> str:
        """See versions.Words."""
        return str(self._fields[field.name].label)

    def value(self, field: Field, value: Any) -> str:
        """See versions.Words."""
        T = self._T
        if value in (None, "", [], ()):
            return str(T("empty"))
        if isinstance(value, Reference):
            return self._referred(value)
        if isinstance(value, Upload):
            return value.filename
        if isinstance(value, tuple):
            return ", ".join(self.value(field, each) for each in value)
        if isinstance(value, bool):
            return str(T("yes") if value else T("no"))
        if isinstance(value, dict) or field.kind == "json":
            return json.dumps(value, ensure_ascii=False, default=str)
        represent = None if field.is_reference else self._fields[field.name].represent
        if represent is not None:
            return str(represent(value, None))
        if isinstance(value, datetime):
            return f"{value} UTC"
        return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)

    def existence(self) -> str:
        """See versions.Words."""
        return str(self._T("The record itself"))

    def fate(self, version: Record) -> str:
        """See versions.Words."""
        if not version.deleted:
            return str(self._T("is there"))
        if version.replaced_by:
            return str(self._T("merged into %s")) % version.replaced_by
        return str(self._T("deleted"))

    def _referred(self, reference: Reference) -> str:
        if (reference.table, reference.uuid) not in self._labels:
            self._look_up([reference])
        label = self._labels[reference.table, reference.uuid]
        if label is None:
            called = reference.uuid or reference.tuid or reference.table
            return str(self._T("%s, which is not here")) % called
        return label

    def _look_up(self, references: Sequence[Reference]) -> None:
        """Look up the names of records, None if they are not here, with two statements per table."""
        site = self._site
        wanted: dict[str, set[str]] = {}
        for each in references:
            self._labels[each.table, each.uuid] = None
            if each.uuid:
                wanted.setdefault(each.table, set()).add(each.uuid)
        for name, uuids in wanted.items():
            table = site.schema.get(name)
            if table is None:
                continue
            rows = site.host.table(name)
            found = site.db(rows.uuid.belongs(uuids)).select(rows.uuid, rows[table.key])
            labels = site.host.reference_labels(name, [row[table.key] for row in found])
            self._labels.update({(name, row.uuid): labels[row[table.key]] for row in found})


def _references(record: Record) -> Iterator[Reference]:
    """Return the references in the fields of a version."""
    for value in record.references.values():
        if isinstance(value, Reference):
            yield value
        elif value:
            yield from value


def told(T: Translate, report: Any) -> str:
    """Return in a sentence what became of a version that a person restored.

    Args:
        T: web2py's translator.
        report: the report of the restoration.
    """
    if report.failures:
        return str(T("Nothing was changed: %s")) % " ".join(map(str, problems_of(report)))
    sentences = {
        Action.CREATED: T("The record was created."),
        Action.UPDATED: T("The record was changed. The next synchronization takes it to the other sites."),
        Action.DELETED: T("The record was deleted. The next synchronization deletes it at the other sites."),
        Action.MERGED: T("The record was merged. The next synchronization takes that to the other sites."),
    }
    made = [sentences[action] for action in sentences if report.main.get(action)]
    happened = str(made[0] if made else T("The record says so already; nothing was changed."))
    return " ".join([happened, *report.warnings])
