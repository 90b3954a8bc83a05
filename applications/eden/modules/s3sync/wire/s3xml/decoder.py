"""Decodes an element to a Record."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Callable, NamedTuple

from lxml import etree

from ...core.errors import UnknownResource
from ...core.records import FieldError, Record, Reference
from ...core.schema import Component, Schema, Table
from ...core.text import shown
from ..values.datetimes import parse_datetime
from ..values.reading import ABSENT, Reader, reader
from ..values.uploads import upload_reader
from .deletions import read_deletion
from .edits import read_edits
from .identifiers import checked_identifier
from .limits import LONGEST_ATTRIBUTE, LONGEST_IDENTIFIER, LONGEST_MEMBERS

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
_LONGEST_KEPT = 2000
_ACCOUNTS = ("created_by", "modified_by", "owned_by_user", "owned_by_group")
_LONGEST_ACCOUNT = 512


class _ForeignKey(NamedTuple):
    """The possible targets of a foreign key: instance tables, and the default one."""

    multiple: bool
    tables: frozenset[str]
    default: str | None


class _Plan:
    """How to read the elements of one table, computed once."""

    __slots__ = ("components", "readers", "references", "table", "uploads")

    def __init__(self, table: Table, schema: Schema) -> None:
        self.table = table
        self.readers: dict[str, Reader] = {}
        self.uploads: dict[str, Callable[[str | None, str | None], Any]] = {}
        self.references: dict[str, _ForeignKey] = {}
        for field in table.data_fields():
            if field.name in table.computed:
                continue
            if field.target is not None:
                target = schema.get(field.target)
                if target is not None:
                    tables = target.instance_types or (target.name,)
                    self.references[field.name] = _ForeignKey(
                        multiple=field.kind == "list:reference",
                        tables=frozenset(each for each in tables if each in schema),
                        default=None if target.is_super else target.name,
                    )
            elif field.kind == "upload":
                self.uploads[field.name] = upload_reader(table.name, field)
            else:
                self.readers[field.name] = reader(field)
        self.components: dict[str, list[Component]] = {}
        for component in table.components.values():
            self.components.setdefault(component.table, []).append(component)

    def component(self, name: str, alias: str | None) -> Component | None:
        """Return the component of an element: by its alias if it has one, else the only or plain one."""
        candidates = self.components.get(name, ())
        if alias is not None:
            return next((each for each in candidates if each.alias == alias), None)
        if len(candidates) == 1:
            return candidates[0]
        plain = name.partition("_")[2]
        return next((each for each in candidates if each.alias == plain), None)


class Decoder:
    """Turns elements into Records.

    Args:
        schema: tables of this site. Unknown fields and components are skipped, and so are computed fields,
            meta-fields given as data, and references to tables that the field cannot refer to.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._plans: dict[str, _Plan] = {}

    def decode(self, element: etree._Element) -> Record:
        """Return the record of a <resource> element, with its components and inline records.

        Values that cannot be read are in ``errors`` of the record, also those of its attributes. The uuid is as in
        the document, with any domain.

        Raises:
            UnknownResource: there is no such table here.
            ProtectedResource: the table never leaves a site.
        """
        name = element.get("name")
        if not name:
            raise UnknownResource("The document holds a record that does not say of which table it is.")
        return self._record(element, self._plan(name))

    def is_component(self, master: str, element: etree._Element) -> bool:
        """Return whether a nested <resource> is a component of the surrounding record in our data model.

        Args:
            master: table of the surrounding record.
            element: the nested element.
        """
        if master not in self._schema:
            return False
        return self._plan(master).component(element.get("name", ""), element.get("alias")) is not None

    def _plan(self, name: str) -> _Plan:
        plan = self._plans.get(name)
        if plan is None:
            plan = self._plans[name] = _Plan(self._schema.table(name), self._schema)
        return plan

    def _record(
        self,
        element: etree._Element,
        plan: _Plan,
        alias: str | None = None,
        join: str | None = None,
        known: int = 1,
    ) -> Record:
        """Return the record of an element, of whose attributes ``known`` were looked at: its name."""
        record = Record(plan.table.name, alias=alias)
        if _attributes(record, element, known):
            if record.deleted:
                self._deleted_components(record, plan, element)
                return record
            nulls = element.get("null")
            if nulls:
                _clear(record, plan, nulls, join)
        values = record.values
        readers = plan.readers
        for child in element:
            tag = child.tag
            if tag == "data":
                name = child.get("field", "")
                read = readers.get(name)
                if read is None:
                    read = plan.uploads.get(name)
                    if read is None:
                        continue
                    value, text = child.get("url"), child.get("filename")
                else:
                    value = child.get("value")
                    # The value for machines takes precedence.
                    text = child.text if value is None else None
                try:
                    result = read(value, text)
                except ValueError as error:
                    values.pop(name, None)
                    record.errors[name] = FieldError(_kept(text if value is None else value), str(error))
                    continue
                if result is not ABSENT:
                    values[name] = result
                    if record.errors:
                        record.errors.pop(name, None)
            elif tag == "reference":
                name = child.get("field", "")
                if name in plan.references and name != join:
                    self._reference(record, name, plan, child)
            elif tag == "resource":
                self._component(record, plan, child)
        return record

    def _deleted_components(self, record: Record, plan: _Plan, element: etree._Element) -> None:
        """Read the components below a deleted record that are deleted themselves."""
        for child in element.iterchildren("resource"):
            if child.get("deleted") is not None:
                self._component(record, plan, child)
        record.components = [each for each in record.components if each.deleted]

    def _component(self, record: Record, plan: _Plan, element: etree._Element) -> None:
        name = element.get("name", "")
        alias = element.get("alias")
        component = plan.component(name, alias)
        if component is not None and name in self._schema:
            known = 1 if alias is None else 2
            nested = self._record(element, self._plan(name), component.alias, component.fkey, known)
            record.components.append(nested)

    def _reference(self, record: Record, name: str, plan: _Plan, element: etree._Element) -> None:
        key = plan.references[name]
        tables = key.tables
        inline = [each for each in element.iterchildren("resource") if each.get("name") in tables]
        table = element.get("resource")
        if table is None:
            table = inline[0].get("name") if inline else key.default
        if table is None or table not in tables:
            return
        nested = [self._record(each, self._plan(table)) for each in inline if each.get("name") == table]
        uuid, tuid = element.get("uuid") or None, element.get("tuid") or None
        try:
            if key.multiple:
                if uuid is not None or tuid is not None or nested:
                    record.references[name] = _references(table, uuid, tuid, nested)
            elif uuid is not None or tuid is not None or nested:
                if uuid is not None and not (len(uuid) <= LONGEST_IDENTIFIER and uuid.isprintable()):
                    checked_identifier(uuid)
                if tuid is not None:
                    checked_identifier(tuid)
                record.references[name] = Reference(table, uuid, tuid, nested[0] if nested else None)
        except ValueError as error:
            record.references.pop(name, None)
            record.errors[name] = FieldError(_kept(uuid or tuid), str(error))


def _references(
    table: str, uuid: str | None, tuid: str | None, nested: list[Record]
) -> tuple[Reference, ...]:
    """Return the members of a list:reference; identifiers come as a JSON list or alone."""
    if uuid is not None:
        inside = {each.uuid: each for each in nested if each.uuid}
        return tuple(Reference(table, each, None, inside.get(each)) for each in _identifiers(uuid))
    if tuid is not None:
        inside = {each.tuid: each for each in nested if each.tuid}
        return tuple(Reference(table, None, each, inside.get(each)) for each in _identifiers(tuid))
    return tuple(Reference(table, None, None, each) for each in nested)


def _identifiers(text: str) -> list[str]:
    if len(text) > LONGEST_MEMBERS:
        raise ValueError(f"has {len(text)} characters, at most {LONGEST_MEMBERS} are allowed")
    if not text.lstrip().startswith("["):
        return [checked_identifier(text)]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [checked_identifier(text)]
    return [checked_identifier(each) for each in found if isinstance(each, str) and each]


def _clear(record: Record, plan: _Plan, names: str, join: str | None) -> None:
    if len(names) > LONGEST_ATTRIBUTE:
        record.errors["null"] = FieldError(_kept(names), f"has {len(names)} characters")
        return
    for name in names.split():
        if name in plan.readers or name in plan.uploads:
            record.values[name] = None
        elif name in plan.references and name != join:
            record.references[name] = None


def _attributes(record: Record, element: etree._Element, known: int) -> bool:
    """Read the attributes of a record, the usual ones first.

    Args:
        record: gets what they say.
        element: its element.
        known: how many attributes the caller has looked at.

    Returns:
        whether there may be others besides these.
    """
    get = element.get
    left = len(element.attrib) - known
    uuid, modified_on, created_on, mci = get("uuid"), get("modified_on"), get("created_on"), get("mci")
    if uuid is not None:
        left -= 1
        record.uuid = _identifier(record, "uuid", uuid)
    if modified_on is not None:
        left -= 1
        record.modified_on = _moment(record, "modified_on", modified_on)
    if created_on is not None:
        left -= 1
        record.created_on = _moment(record, "created_on", created_on)
    if mci is not None:
        left -= 1
        if _INTEGER.fullmatch(mci):
            record.mci = int(mci)
        else:
            record.errors["mci"] = FieldError(_kept(mci), f"{shown(mci)} is not a whole number")
    if not left:
        return False
    edits = get("edits")
    if edits is not None:
        left -= 1
    if left:
        left = _further_attributes(record, get, left)
    if edits is not None:
        try:
            record.edits = read_edits(edits, record.modified_by)
        except ValueError as error:
            record.errors["edits"] = FieldError(_kept(edits), str(error))
    return left > 0


def _further_attributes(record: Record, get: Callable[[str], str | None], left: int) -> int:
    """Read accounts and what else a record may say; return how many of ``left`` attributes are none of an account."""
    for name in _ACCOUNTS:
        account = get(name)
        if account is not None:
            left -= 1
            # No site has a user or role with a longer name.
            if account and len(account) <= _LONGEST_ACCOUNT:
                setattr(record, name, account)
    approved = get("approved")
    if approved is not None:
        left -= 1
        record.approved = approved.strip().lower() != "false"
    if left:
        _rare_attributes(record, get)
    return left


def _rare_attributes(record: Record, get: Callable[[str], str | None]) -> None:
    record.tuid = _identifier(record, "tuid", get("tuid"))
    deleted = get("deleted")
    if deleted is not None and deleted.strip().lower() == "true":
        record.deleted = True
        record.replaced_by = _identifier(record, "replaced_by", get("replaced_by"))
        _deletion(record, get("deletion"))
    twins = get("twins")
    if twins is not None:
        try:
            record.twins = tuple(_identifiers(twins))
        except ValueError as error:
            record.errors["twins"] = FieldError(_kept(twins), str(error))


def _deletion(record: Record, text: str | None) -> None:
    if text:
        try:
            record.deletion = read_deletion(text)
        except ValueError as error:
            record.errors["deletion"] = FieldError(_kept(text), str(error))


def _identifier(record: Record, name: str, text: str | None) -> str | None:
    if not text or (len(text) <= LONGEST_IDENTIFIER and text.isprintable()):
        return text or None
    try:
        return checked_identifier(text)
    except ValueError as error:
        record.errors[name] = FieldError(_kept(text), str(error))
        return None


def _moment(record: Record, name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parse_datetime(text)
    except ValueError as error:
        record.errors[name] = FieldError(_kept(text), str(error))
        return None


def _kept(text: str | None) -> str | None:
    return text if text is None else text[:_LONGEST_KEPT]
