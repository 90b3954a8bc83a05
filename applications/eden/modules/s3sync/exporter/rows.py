"""Writing rows of a table as S3XML, with an encoder compiled once a table."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Protocol, Sequence, Tuple

from ..codec import RESOURCE_CLOSE, list_reference, reference, resource_open, with_domain
from ..jsonrefs import portable
from ..ports import Row, Store
from ..schema import Component, Field, Schema, Table
from ..uploads import upload_writer
from ..values import writer
from ..xmltext import escape_attr

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

Write = Callable[[Any], str]
Read = Optional[Callable[[Any], Any]]


class Target(NamedTuple):
    """A record referred to, as a document names it."""

    table: str
    uuid: str


class Names(Protocol):
    """Resolves what rows hold as keys."""

    def target(self, field: Field, key: int) -> Optional[Target]:
        """Return the record a foreign key means, None where it is not there."""
        ...

    def user(self, user_id: int) -> Optional[str]:
        """Return the e-mail address of a user."""
        ...

    def role(self, group_id: int) -> Optional[str]:
        """Return the name of a role."""
        ...

    def waiting(self, table: str, key: int) -> Sequence[Tuple[str, Target]]:
        """Return (field, record) of the references of a record whose targets have not arrived here."""
        ...


class Style(NamedTuple):
    """For whom a document is written.

    Attributes:
        paged: the reader is one of ours: cleared fields are named, what only people look at is left out.
        urls: whether records carry their URL.
        domain: put before bare identifiers, None for nothing.
    """

    paged: bool
    urls: bool
    domain: Optional[str] = None


class RowEncoder:
    """Writes rows of one table.

    Args:
        table: the table.
        schema: the tables of this site.
        store: tells how its raw values are to be read.
        style: for whom is written.
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
        meta = [name for name in _META if name in table.fields]
        data: List[Field] = []
        references: List[Field] = []
        for field in table.data_fields():
            if not field.is_reference:
                data.append(field)
            elif schema.get(field.target or "") is not None:
                references.append(field)
        self.columns: Tuple[str, ...] = (
            table.key,
            *meta,
            *(field.name for field in data),
            *(field.name for field in references),
            *table.super_keys,
        )
        self.position = {name: at for at, name in enumerate(self.columns)}
        self._name = escape_attr(table.name)
        self._data: List[Tuple[int, str, Write, str]] = []
        for field in data:
            self._data.append(self._data_writer(field, store, file_url, style))
        self.references: List[Tuple[int, Field, Read]] = [
            (self.position[field.name], field, store.reader(field)) for field in references
        ]
        self._deleted = store.reader(table.fields["deleted"]) if "deleted" in table.fields else None
        self._at = [self.position.get(name, -1) for name in _META]

    def _data_writer(
        self, field: Field, store: Store, file_url: Callable[[str, str, str], str], style: Style
    ) -> Tuple[int, str, Write, str]:
        name = field.name
        if field.kind == "upload":
            table_name = self.table.name
            write = upload_writer(field, lambda stored: file_url(table_name, name, stored))
        else:
            write = writer(field)
            read = store.reader(field)
            if read is not None:
                plain, convert = write, read

                def write(value: Any, plain: Write = plain, convert: Callable[[Any], Any] = convert) -> str:
                    return plain(convert(value))

            if name in self.table.json_references:
                written = write

                def write(value: Any, written: Write = written) -> str:
                    return written(portable(json.loads(value) if isinstance(value, str) else value))

        cleared = ""
        if not style.paged and field.is_text and not field.required and name not in self.table.computed:
            # An Eden can clear text fields, by an empty element, and nothing else.
            cleared = f'<data field="{escape_attr(name)}"/>'
        return self.position[name], name, write, cleared

    def is_deleted(self, row: Row) -> bool:
        """Tell whether a row is marked as deleted."""
        value = row[self._at[2]]
        return bool(value if self._deleted is None or value is None else self._deleted(value))

    def keys_referred_to(self, rows: Iterable[Row]) -> Dict[str, "set[int]"]:
        """Return target table -> keys that live rows refer to (super-entities by their own name)."""
        found: Dict[str, "set[int]"] = {}
        live = [row for row in rows if not self.is_deleted(row)]
        for at, field, read in self.references:
            keys = found.setdefault(field.target or "", set())
            if field.kind == "list:reference":
                for row in live:
                    if row[at] is not None:
                        keys.update(read(row[at]) if read is not None else row[at])
            else:
                keys.update(row[at] for row in live if row[at] is not None)
        at_survivor = self._at[9]
        if at_survivor >= 0:
            survivors = {row[at_survivor] for row in rows if row[at_survivor]}
            if survivors:
                found.setdefault(self.table.name, set()).update(survivors)
        return found

    def encode(
        self, row: Row, names: Names, component: Optional[Component] = None, nested: str = "", url: str = ""
    ) -> str:
        """Write a row as a complete <resource> element.

        Args:
            row: values of ``columns``, raw.
            names: resolves keys.
            component: the component as which it is nested in its master, None for a record of its own.
            nested: its own components, already written.
            url: URL of the record, empty for none.
        """
        at = self._at
        alias = component.alias if component is not None and component.needs_alias else None
        domain = self.style.domain
        if self.is_deleted(row):
            return self._encode_deleted(row, names, alias)
        parts: List[str] = []
        nulls: List[str] = []
        for position, name, write, cleared in self._data:
            value = row[position]
            if value is not None:
                parts.append(write(value))
            else:
                nulls.append(name)
                if cleared:
                    parts.append(cleared)
        join = component.fkey if component is not None else ""
        waiting: Dict[str, List[Target]] = {}
        for field_name, target in names.waiting(self.table.name, row[0]):
            waiting.setdefault(field_name, []).append(target)
        for position, field, read in self.references:
            value = row[position]
            if field.name == join:
                continue
            if field.kind == "list:reference":
                listed = [] if value is None else (read(value) if read is not None else value)
                targets = [
                    target for key in listed for target in (names.target(field, key),) if target is not None
                ]
                targets += waiting.get(field.name, [])
                if targets:
                    uuids = [target.uuid for target in targets]
                    parts.append(list_reference(field.name, targets[0].table, uuids))
                elif not listed:
                    nulls.append(field.name)
                continue
            found = names.target(field, value) if value is not None else None
            if found is None and field.name in waiting:
                found = waiting[field.name][0]
            if found is not None:
                parts.append(reference(field.name, found.table, found.uuid))
            elif value is None:
                nulls.append(field.name)
        mci = row[at[1]] if at[1] >= 0 else None
        opening = resource_open(
            table=self._name,
            alias=alias,
            uuid=with_domain(row[at[0]], domain) if domain and row[at[0]] else row[at[0]],
            mci=(mci or 0) + 1,
            created_on=_moment(row, at[3]),
            modified_on=_moment(row, at[4]),
            url=url or None,
            created_by=_user(row, at[5], names),
            modified_by=_user(row, at[6], names),
            owned_by_user=_user(row, at[7], names),
            owned_by_group=names.role(row[at[8]]) if at[8] >= 0 and row[at[8]] else None,
            nulls=nulls if self.style.paged else None,
        )
        return f"{opening}{''.join(parts)}{nested}{RESOURCE_CLOSE}"

    def _encode_deleted(self, row: Row, names: Names, alias: Optional[str]) -> str:
        at = self._at
        domain = self.style.domain
        replaced_by: Optional[str] = None
        if at[9] >= 0 and row[at[9]]:
            field = Field("deleted_rb", f"reference {self.table.name}", "reference", self.table.name)
            survivor = names.target(field, row[at[9]])
            replaced_by = survivor.uuid if survivor is not None else None
        if replaced_by is None:
            for field_name, target in names.waiting(self.table.name, row[0]):
                if field_name == "deleted_rb":
                    replaced_by = target.uuid
        mci = row[at[1]] if at[1] >= 0 else None
        opening = resource_open(
            table=self._name,
            alias=alias,
            uuid=with_domain(row[at[0]], domain) if domain and row[at[0]] else row[at[0]],
            deleted=True,
            mci=(mci or 0) + 1 if self.style.paged else None,
            modified_on=_moment(row, at[4]),
            replaced_by=replaced_by,
        )
        return f"{opening}{RESOURCE_CLOSE}"


def _moment(row: Row, at: int) -> Any:
    return None if at < 0 else row[at]


def _user(row: Row, at: int, names: Names) -> Optional[str]:
    return names.user(row[at]) if at >= 0 and row[at] else None
