"""Labels of fields and values as text, from this site's data model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ..core.records import Record, Reference, Upload
from ..core.schema import Field, Table
from ..site import Site
from ..site.labels import Translate
from ..wire.values.uploads import original_name


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

    def former(self, field: Field, value: Any) -> str:
        """Return a value as a change remembers it, where references are keys, as text."""
        return self.value(field, as_it_travels(self._site, field, value))

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


def as_it_travels(site: Site, field: Field, value: Any) -> Any:
    """Return a value of the database as a document has it.

    Args:
        site: this site.
        field: its field.
        value: as the database has it.
    """
    if value is None:
        return None
    if field.kind == "upload":
        return Upload(original_name(str(value)), None, str(value))
    if not field.is_reference:
        return value
    keys = value if isinstance(value, list) else [value]
    found = [each for each in (_reference(site, field.target or "", key) for key in keys) if each is not None]
    if field.kind == "list:reference":
        return tuple(found)
    return found[0] if found else None


def _reference(site: Site, target: str, key: int) -> Reference | None:
    table = site.schema.get(target)
    if table is None:
        return None
    columns = (table.key, "uuid", *(("instance_type",) if table.is_super else ()))
    for row in site.store.fetch(table, columns, table.key, [key]):
        return Reference(str(row[2]) if table.is_super else target, row[1])
    return None


def version_with(site: Site, table: Table, uuid: str, name: str, value: Any) -> Record:
    """Return a version of a record that says one field, to be imported.

    Args:
        site: this site.
        table, uuid: the record.
        name: the field.
        value: as the database has it.
    """
    field = table.fields[name]
    travels = as_it_travels(site, field, value)
    record = Record(table.name, uuid)
    if field.is_reference:
        record.references[name] = travels
    else:
        record.values[name] = travels
    return record
