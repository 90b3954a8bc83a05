"""Encodes Records to a document, and the pieces from which the exporter builds one without Records.

Attributes are in the order in which an Eden writes them. Table and field names come from the schema and are not
escaped; everything else is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, Callable, Union

from ...core.fields import Edits
from ...core.kept import DeletionMark
from ...core.records import Record, Reference
from ...core.schema import Field, Schema, Table
from ..values.datetimes import write_datetime
from ..values.uploads import upload_writer
from ..values.writing import writer
from ..xml_text import escape_attr, escape_text
from .deletions import write_deletion
from .edits import write_edits

FOOTER = "</s3xml>"
RESOURCE_CLOSE = "</resource>"

# Attributes that are written as received if their text cannot be read.
_READ_ATTRIBUTES = (
    "uuid",
    "tuid",
    "replaced_by",
    "mci",
    "created_on",
    "modified_on",
    "twins",
    "edits",
    "deletion",
)

Moment = Union[datetime, str, None]


def header(
    *,
    results: int | None = None,
    success: bool | None = None,
    start: int | None = None,
    limit: int | None = None,
    domain: str | None = None,
    url: str | None = None,
    cursor: str | None = None,
    more: bool | None = None,
    journal: str | None = None,
    restored: bool = False,
    total: int | None = None,
    matching: int | None = None,
    waiting: int = 0,
    by_field: bool = False,
    sites: str = "",
) -> str:
    """Return the beginning of a document, up to the first record.

    Args:
        results: number of main records, None if it is not known yet.
        success: whether anything is sent; by default derived from results.
        start, limit: the page requested through the REST interface.
        domain: domain of this site; an Eden puts it before bare uuids.
        url: base URL of this application.
        cursor, more, journal: where to continue, whether there is more, and the identity of the journal.
        restored: whether the presented cursor is not known here (any more).
        total: number of main records after the presented cursor, these included; None if not requested.
        matching: number of records here that meet the filters, None if not requested.
        waiting: number of the reader's deletions that wait here.
        by_field: whether records say which fields were edited.
        sites: names of sites, see ``site_names``.
    """
    if success is None:
        success = results is None or results > 0
    parts = [
        "<?xml version='1.0' encoding='utf-8'?>\n<s3xml success=\"",
        "true" if success else "false",
        '"',
        *(
            f' {name}="{escape_attr(str(value))}"'
            for name, value in (
                ("start", start),
                ("limit", limit),
                ("results", results),
                ("domain", domain or None),
                ("url", url or None),
                ("cursor", cursor),
                ("more", None if more is None else "true" if more else "false"),
                ("journal", journal),
                ("restored", "true" if restored else None),
                ("total", total),
                ("matching", matching),
                ("waiting", waiting or None),
                ("edits", "1" if by_field else None),
                ("sites", sites or None),
            )
            if value is not None
        ),
        ">",
    ]
    return "".join(parts)


def resource_open(
    table: str,
    uuid: str | None,
    mci: int | None = None,
    created_on: Moment = None,
    modified_on: Moment = None,
    url: str | None = None,
    created_by: str | None = None,
    modified_by: str | None = None,
    owned_by_user: str | None = None,
    owned_by_group: str | None = None,
    deleted: bool = False,
    replaced_by: str | None = None,
    alias: str | None = None,
    nulls: Iterable[str] | None = None,
    tuid: str | None = None,
    approved: bool = True,
    twins: Sequence[str] | None = None,
    edits: Edits | None = None,
    deletion: DeletionMark | None = None,
) -> str:
    """Return the start tag of a record; RESOURCE_CLOSE ends it.

    Args:
        table: name of the table.
        uuid: the stored uuid.
        mci: the number to write (an Eden writes the stored one plus 1).
        created_on, modified_on: datetimes, or the ISO text of a database.
        url: URL of the record at this site.
        created_by, modified_by, owned_by_user: e-mail addresses.
        owned_by_group: name of a role.
        deleted: whether it is deleted; then only uuids, modified_on, replaced_by and deletion are written.
        replaced_by: uuid of the record it was merged into.
        alias: alias of the component, if several components of the master use the table.
        nulls: names of the cleared fields, None or empty for none.
        tuid: identifier within the document, for a record without uuid.
        approved: False for a record that needs approval.
        twins: further uuids under which it is known, None to say nothing of them.
        edits: which fields were edited, None to say nothing of it.
        deletion: who deleted it, None to say nothing of it.
    """
    text = f'<resource name="{table}"'
    if alias is not None:
        text += f' alias="{alias}"'
    if uuid is not None:
        text += f' uuid="{escape_attr(uuid)}"'
    if tuid is not None:
        text += f' tuid="{escape_attr(tuid)}"'
    if deleted:
        text += ' deleted="True"'
        if modified_on is not None:
            text += f' modified_on="{escape_attr(write_datetime(modified_on))}"'
        if replaced_by:
            text += f' replaced_by="{escape_attr(replaced_by)}"'
        told = "" if deletion is None else write_deletion(deletion)
        if told:
            text += f' deletion="{escape_attr(told)}"'
        return f"{text}{further_uuids(twins)}>"
    if mci is not None:
        text += f' mci="{mci}"'
    if created_on is not None:
        text += f' created_on="{escape_attr(write_datetime(created_on))}"'
    if modified_on is not None:
        text += f' modified_on="{escape_attr(write_datetime(modified_on))}"'
    if url is not None:
        text += f' url="{escape_attr(url)}"'
    if created_by is not None:
        text += f' created_by="{escape_attr(created_by)}"'
    if modified_by is not None:
        text += f' modified_by="{escape_attr(modified_by)}"'
    if owned_by_user is not None:
        text += f' owned_by_user="{escape_attr(owned_by_user)}"'
    if owned_by_group is not None:
        text += f' owned_by_group="{escape_attr(owned_by_group)}"'
    if not approved:
        text += ' approved="false"'
    if nulls:
        text += f' null="{" ".join(nulls)}"'
    told = "" if edits is None else edits_attribute(edits, modified_by)
    return f"{text}{further_uuids(twins)}{told}>"


def further_uuids(twins: Sequence[str] | None) -> str:
    """Return the attribute that names the further uuids of a record."""
    if twins is None:
        return ""
    return f' twins="{escape_attr(json.dumps(list(twins), ensure_ascii=False))}"'


def edits_attribute(edits: Edits, modified_by: str | None) -> str:
    """Return the attribute that says which fields of a record were edited; arguments as ``write_edits``."""
    return f' edits="{escape_attr(write_edits(edits, modified_by))}"'


def reference(field: str, table: str, uuid: str, text: str | None = None) -> str:
    """Return a <reference>.

    Args:
        field: name of the foreign key.
        table: the instance table referred to.
        uuid: stored uuid of the record referred to.
        text: representation for people, None for none.
    """
    opening, closing = reference_frame(field, table)
    element = f"{opening}{escape_attr(uuid)}{closing}"
    return f"{element[:-2]}>{escape_text(text)}</reference>" if text else element


def reference_frame(field: str, table: str) -> tuple[str, str]:
    """Return the parts before and after the uuid of a <reference> without text; arguments as ``reference``."""
    return f'<reference field="{field}" resource="{table}" uuid="', '"/>'


def list_reference(field: str, table: str, uuids: Iterable[str], text: str | None = None) -> str:
    """Return a <reference> to several records; arguments as ``reference``."""
    return reference(field, table, json.dumps(list(uuids)), text)


# --- whole records ----------------------------------------------------------------------------------------


def encode_record(
    record: Record, schema: Schema, *, url_for: Callable[[str, str, str], str] | None = None
) -> str:
    """Return a record as a <resource> element, the inverse of decoding.

    Cleared fields are in the ``null`` attribute; values that could not be read are written as received.

    Args:
        record: a record of a table of the schema, with its components and inline records.
        schema: tables of this site.
        url_for: takes table, field and stored name of a file here, returns its URL; for uploads given by their
            stored name.

    Raises:
        UnknownResource, ProtectedResource: the record's table is not in the schema.
    """
    return "".join(_encoded(record, schema, url_for or _no_url, top=True))


def _no_url(table: str, field: str, stored: str) -> str:
    return "local"


@lru_cache(maxsize=8)
def _writers(schema: Schema) -> dict[str, dict[str, Callable[[Any], str]]]:
    """Return a cache for the writers of plain fields, filled table by table."""
    return {}


def _table_writers(schema: Schema, table: Table) -> dict[str, Callable[[Any], str]]:
    known = _writers(schema)
    if table.name not in known:
        plain = (each for each in table.data_fields() if not each.is_reference and each.kind != "upload")
        known[table.name] = {each.name: writer(each) for each in plain}
    return known[table.name]


def _encoded(
    record: Record, schema: Schema, url_for: Callable[[str, str, str], str], top: bool
) -> Iterable[str]:
    table = schema.table(record.table)
    raw = {name: error.value or "" for name, error in record.errors.items()}
    nulls = [
        each.name
        for each in table.data_fields()
        if (each.name in record.values and record.values[each.name] is None)
        or (each.name in record.references and record.references[each.name] is None)
    ]
    read = {name: None if name in raw else getattr(record, name) for name in _READ_ATTRIBUTES}
    opening = resource_open(
        record.table,
        read["uuid"],
        mci=read["mci"],
        created_on=read["created_on"],
        modified_on=read["modified_on"],
        created_by=record.created_by,
        modified_by=record.modified_by,
        owned_by_user=record.owned_by_user,
        owned_by_group=record.owned_by_group,
        deleted=record.deleted,
        replaced_by=read["replaced_by"],
        alias=None if top or record.alias == table.resource else record.alias,
        nulls=nulls,
        tuid=read["tuid"],
        approved=record.approved,
        twins=read["twins"],
        edits=read["edits"],
        deletion=read["deletion"],
    )
    unread = "".join(f' {name}="{escape_attr(raw[name])}"' for name in _READ_ATTRIBUTES if name in raw)
    yield f"{opening[:-1]}{unread}>" if unread else opening
    yield from _fields(record, table, schema, url_for, raw)
    for component in record.components:
        yield from _encoded(component, schema, url_for, top=False)
    yield RESOURCE_CLOSE


def _fields(
    record: Record,
    table: Table,
    schema: Schema,
    url_for: Callable[[str, str, str], str],
    raw: dict[str, str],
) -> Iterable[str]:
    writers = _table_writers(schema, table)
    references: list[str] = []
    for field in table.data_fields():
        name = field.name
        if name in raw and field.is_reference:
            yield from _unread_reference(field, raw[name], schema)
        elif name in raw:
            attribute = "url" if field.kind == "upload" else "value"
            yield f'<data field="{name}" {attribute}="{escape_attr(raw[name])}"/>'
        elif field.is_reference:
            value = record.references.get(name)
            if value is not None:
                references.extend(_reference(field, value, schema, url_for))
        elif record.values.get(name) is not None:
            write = writers.get(name)
            if write is None:
                write = upload_writer(field, partial(url_for, table.name, name))
            yield write(record.values[name])
    yield from references


def _unread_reference(field: Field, text: str, schema: Schema) -> Iterable[str]:
    """Write a reference whose identifier cannot be read so that it is not read again either."""
    target = schema.get(field.target or "")
    if target is not None:
        table = (*target.instance_types, target.name)[0]
        yield f'<reference field="{field.name}" resource="{table}" uuid="{escape_attr(text)}"/>'


def _reference(
    field: Field,
    value: Reference | tuple[Reference, ...],
    schema: Schema,
    url_for: Callable[[str, str, str], str],
) -> Iterable[str]:
    multiple = not isinstance(value, Reference)
    members = (value,) if isinstance(value, Reference) else value
    table = members[0].table if members else field.target
    text = f'<reference field="{field.name}" resource="{table}"'
    for attribute in ("uuid", "tuid"):
        found = [getattr(each, attribute) for each in members if getattr(each, attribute)]
        if found or (not members and attribute == "uuid"):
            text += f' {attribute}="{escape_attr(json.dumps(found) if multiple else found[0])}"'
    inline = [each.record for each in members if each.record is not None]
    if not inline:
        yield f"{text}/>"
        return
    yield f"{text}>"
    for each in inline:
        yield from _encoded(each, schema, url_for, top=True)
    yield "</reference>"
