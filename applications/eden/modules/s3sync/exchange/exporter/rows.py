"""Writes rows of a table as S3XML, with an encoder compiled once per table.

Rows are written column by column: the values of a field are examined, escaped and enclosed in tags in a few steps for
all rows of a page, and only the joining is done row by row. Written value by value, a record takes five times as long
(docs/PERFORMANCE.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import (
    Any,
    Callable,
    NamedTuple,
)

from ...core.fields import Edits
from ...core.schema import Component, Field, Schema, Table
from ...wire.s3xml import RESOURCE_CLOSE, edits_attribute, further_uuids, resource_open, with_domain
from ...wire.values.datetimes import write_datetimes
from ...wire.values.json_references import portable
from ...wire.values.uploads import upload_writer
from ...wire.values.writing import ColumnWriter, Pieces, column_writer
from ...wire.xml_text import escape_attr, escape_attrs
from ..ports import Row, Store
from .columns import Gaps, attribute, gap_lists, joined, of_each, spread
from .references import ReferenceColumn, ReferenceNames, references_by_field, write_lists, write_references

_META = (
    "uuid",
    "mci",
    "deleted",
    "created_on",
    "modified_on",
    "created_by",
    "modified_by",
    "owned_by_user",
    "owned_by_group",
    "deleted_rb",
)

_USERS = ("created_by", "modified_by", "owned_by_user")


class Style(NamedTuple):
    """The kind of reader that a document is written for.

    Attributes:
        paged: the extended protocol: cleared fields are named, texts for people are left out.
        urls: whether records have their URL.
        domain: domain before bare identifiers, None for none.
        adopts: whether it adopts our uuids, and we its.
        signs: whether the addresses of files need no account.
    """

    paged: bool
    urls: bool
    domain: str | None = None
    adopts: bool = False
    signs: bool = False


class _DataColumn(NamedTuple):
    """How a field that is no reference is written.

    Attributes:
        at: index of its column.
        name: name of the field.
        write: returns elements for values other than None.
        cleared: element for None.
    """

    at: int
    name: str
    write: ColumnWriter
    cleared: str


class TableEncoder:
    """Writes rows of one table; how their fields are written is compiled with the first row.

    Args:
        table: the table.
        schema: the tables of this site.
        store: the store, which knows how to read its raw values.
        style: the kind of reader.
        file_url: (table, field, stored name) -> URL of a file.
    """

    def __init__(
        self,
        table: Table,
        schema: Schema,
        store: Store,
        style: Style,
        file_url: Callable[[str, str, str], str],
    ) -> None:
        self.table = table
        self.style = style
        adopts = style.adopts and table.recognises
        self.names_twins = style.paged and (table.has_unique or adopts)
        meta = [name for name in _META if name in table.fields]
        data: list[Field] = []
        references: list[Field] = []
        for field in table.data_fields():
            if style.paged and field.name in table.computed:
                # Nobody takes it, and who does not compute the field would take it for a difference.
                continue
            if not field.is_reference:
                data.append(field)
            elif schema.get(field.target or "") is not None:
                references.append(field)
        self.columns: tuple[str, ...] = (
            table.key,
            *meta,
            *(field.name for field in data),
            *(field.name for field in references),
            *table.super_keys,
        )
        self.position = {name: at for at, name in enumerate(self.columns)}
        self._schema, self._store, self._file_url = schema, store, file_url
        self._data_fields, self._reference_fields = data, references
        self._read_deleted = store.reader(table.fields["deleted"]) if "deleted" in table.fields else None

    @cached_property
    def _data(self) -> list[_DataColumn]:
        return [self._data_column(field) for field in self._data_fields]

    @cached_property
    def _references(self) -> list[ReferenceColumn]:
        return [
            ReferenceColumn(
                self.position[field.name],
                field.name,
                field.target or "",
                self._schema.table(field.target or "").is_super,
                field.kind == "list:reference",
                self._store.reader(field) or _as_it_is,
            )
            for field in self._reference_fields
        ]

    def _data_column(self, field: Field) -> _DataColumn:
        name, table, file_url = field.name, self.table, self._file_url
        if field.kind == "upload":
            one = upload_writer(field, lambda stored: file_url(table.name, name, stored))

            write = _each(one)
        else:
            write = column_writer(field)
            if name in table.json_references:
                write = _after(_portable, write)
            read = self._store.reader(field)
            if read is not None:
                write = _after(read, write)
        cleared = ""
        if not self.style.paged and field.is_text and not field.required and name not in table.computed:
            # An Eden can clear only text fields, by an empty element.
            cleared = f'<data field="{escape_attr(name)}"/>'
        return _DataColumn(self.position[name], name, write, cleared)

    # --- values of rows ---------------------------------------------------------------------------------

    def column(self, rows: Sequence[Row], name: str) -> Sequence[Any]:
        """Return the values of a column; none if the table does not have it."""
        at = self.position.get(name)
        return [] if at is None else list(map(itemgetter(at), rows))

    def are_deleted(self, rows: Sequence[Row]) -> Sequence[bool]:
        """Return for each row whether it is marked as deleted."""
        read = self._read_deleted
        marks = self.column(rows, "deleted")
        return of_each(marks, lambda mark: bool(mark if read is None or mark is None else read(mark))) or [
            False
        ] * len(rows)

    def live(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the rows that are not marked as deleted."""
        deleted = self.are_deleted(rows)
        return [row for row, gone in zip(rows, deleted) if not gone] if True in deleted else rows

    def keys_referred_to(self, rows: Sequence[Row]) -> dict[str, "set[int]"]:
        """Return target table -> keys that live rows refer to (super-entities under their own name)."""
        found: dict[str, "set[int]"] = {}
        live = self.live(rows)
        for each in self._references:
            values = map(itemgetter(each.at), live)
            keys = found.setdefault(each.target, set())
            if each.is_list:
                for listed in values:
                    if listed is not None:
                        keys.update(each.read(listed))
            else:
                keys.update(values)
                keys.discard(None)
        survivors = {key for key in self.column(rows, "deleted_rb") if key}
        if survivors:
            found.setdefault(self.table.name, set()).update(survivors)
        return found

    # --- writing ----------------------------------------------------------------------------------------

    def encode(
        self,
        rows: Sequence[Row],
        names: ReferenceNames,
        component: Component | None = None,
        nested: Mapping[int, Sequence[str]] | None = None,
        url: str = "",
    ) -> list[str]:
        """Write rows as complete <resource> elements, in their order.

        Args:
            rows: raw values of ``columns``.
            names: resolves keys.
            component: the component under which they are nested in their masters, None for main records.
            nested: their own components by key, already written.
            url: the URL of a record without its key at the end; empty for none.
        """
        alias = component.alias if component is not None and component.needs_alias else None
        join = component.fkey if component is not None else ""
        deleted = self.are_deleted(rows)
        if True not in deleted:
            return self._encode_live(rows, names, alias, join, nested or {}, url)
        live = iter(self._encode_live(self.live(rows), names, alias, join, nested or {}, url))
        return [
            self._encode_deleted(row, names, alias, (nested or {}).get(row[0], ())) if gone else next(live)
            for row, gone in zip(rows, deleted)
        ]

    def _encode_live(
        self,
        rows: Sequence[Row],
        names: ReferenceNames,
        alias: str | None,
        join: str,
        nested: Mapping[int, Sequence[str]],
        url: str,
    ) -> list[str]:
        if not rows:
            return []
        columns: Sequence[Sequence[Any]] = list(zip(*rows))
        fields: Pieces = []
        written: list[str] = []
        gaps: list[Gaps] = []
        for each in self._data:
            pieces, missing = spread(columns[each.at], each.write, each.cleared)
            fields += pieces
            written.append(each.name)
            gaps.append(missing)
        waiting = references_by_field(names.waiting(self.table.name), columns[0])
        for reference_column in self._references:
            name = reference_column.name
            if name == join:
                continue
            write = write_lists if reference_column.is_list else write_references
            pieces, missing = write(
                reference_column, columns[reference_column.at], names, waiting.get(name, {})
            )
            fields += pieces
            written.append(name)
            gaps.append(missing)
        named = f'<resource name="{escape_attr(self.table.name)}"'
        pieces = [named if alias is None else f'{named} alias="{alias}"']
        pieces += self._attributes(columns, names, url)
        if self.style.paged:
            pieces += attribute("null", gap_lists(written, gaps, len(rows)))
        if self.names_twins:
            twins = names.twins(self.table.name)
            pieces.append([further_uuids(twins.get(key, ())) for key in columns[0]])
        edits = names.edits(self.table.name)
        if edits:
            pieces.append(self._edits(columns, names, edits))
        pieces += [">", *fields]
        if nested:
            pieces.append(["".join(nested.get(key, ())) for key in columns[0]])
        return joined([*pieces, RESOURCE_CLOSE], len(rows))

    def _attributes(self, columns: Sequence[Sequence[Any]], names: ReferenceNames, url: str) -> Pieces:
        """Return the attributes in the order of ``resource_open``."""
        domain = self.style.domain
        nothing = [None] * len(columns[0])

        def column(name: str) -> Sequence[Any]:
            at = self.position.get(name)
            return nothing if at is None else columns[at]

        uuids = column("uuid")
        if domain:
            uuids = [with_domain(uuid, domain) if uuid else uuid for uuid in uuids]
        pieces = _escaped("uuid", uuids, _as_they_are)
        pieces += attribute("mci", of_each(column("mci"), lambda mci: str((mci or 0) + 1)))
        for name in ("created_on", "modified_on"):
            pieces += _escaped(name, column(name), write_datetimes)
        if url:
            pieces += [f' url="{escape_attr(url)}', [str(key) for key in columns[0]], '"']
        for name in _USERS:
            emails = of_each(column(name), lambda user: names.user(user) if user else None)
            pieces += _escaped(name, emails, _as_they_are)
        roles = of_each(column("owned_by_group"), lambda group: names.role(group) if group else None)
        return pieces + _escaped("owned_by_group", roles, _as_they_are)

    def _edits(
        self, columns: Sequence[Sequence[Any]], names: ReferenceNames, edits: Mapping[int, Edits]
    ) -> list[str]:
        at = self.position.get("modified_by")
        users = [None] * len(columns[0]) if at is None else columns[at]
        return [
            edits_attribute(edits[key], names.user(user) if user else None) if key in edits else ""
            for key, user in zip(columns[0], users)
        ]

    def _encode_deleted(
        self, row: Row, names: ReferenceNames, alias: str | None, nested: Sequence[str]
    ) -> str:
        held = dict(zip(self.columns, row))
        domain = self.style.domain
        replaced_by: str | None = None
        if held.get("deleted_rb"):
            replaced_by = names.uuids(self.table.name).get(held["deleted_rb"])
        if replaced_by is None:
            for field_name, target in names.waiting(self.table.name).get(row[0], ()):
                if field_name == "deleted_rb":
                    replaced_by = target.uuid
        uuid = held.get("uuid")
        opening = resource_open(
            table=escape_attr(self.table.name),
            alias=alias,
            uuid=with_domain(uuid, domain) if domain and uuid else uuid,
            deleted=True,
            modified_on=held.get("modified_on"),
            replaced_by=replaced_by,
            twins=names.twins(self.table.name).get(row[0], ()) if self.names_twins else None,
            deletion=names.deletions(self.table.name).get(row[0]),
        )
        return f"{opening}{''.join(nested)}{RESOURCE_CLOSE}"


def _after(read: Callable[[Any], Any], write: ColumnWriter) -> ColumnWriter:
    return lambda values: write([read(value) for value in values])


def _each(write: Callable[[Any], str]) -> ColumnWriter:
    return lambda values: [[write(value) for value in values]]


def _as_it_is(value: Any) -> Any:
    return value


def _portable(value: Any) -> Any:
    return portable(json.loads(value) if isinstance(value, str) else value)


def _as_they_are(values: Sequence[str]) -> Sequence[str]:
    return values


def _escaped(name: str, values: Sequence[Any], write: Callable[[Sequence[Any]], Sequence[str]]) -> Pieces:
    return spread(values, lambda given: [f' {name}="', escape_attrs(write(given)), '"']).pieces
