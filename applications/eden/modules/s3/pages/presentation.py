"""How the records of a table are shown: their columns, values, names and addresses."""

from __future__ import annotations

from typing import Any

from gluon import URL, A, current

from s3sync.ui.look import moment

from ..data_model.datamodel import reference_target
from ..data_model.metafields import META_FIELDS
from ..data_model.represent import NONE, ReferenceLabel
from .listing import Column, columns_of


class Presentation:
    """The records of one table as people see them.

    Args:
        s3db: the site's data model.
        auth: the site's ``S3Auth``.
        tablename: the table.
    """

    def __init__(self, s3db: Any, auth: Any, tablename: str) -> None:
        self.s3db = s3db
        self.auth = auth
        self.table = s3db[tablename]
        self.prefix, self.name = tablename.split("_", 1)
        self.T = current.T
        self.title = s3db.get_config(tablename, "title") or self.name.replace("_", " ").capitalize()

    # Addresses

    def url(self, *parts: Any, **variables: Any) -> str:
        """Return the address of a page of this table."""
        address: str = URL(self.prefix, self.name, args=parts, vars=variables)
        return address

    # What is shown

    def columns(self, table: Any = None) -> list[Column]:
        """Return the columns of a table's list."""
        table = self.table if table is None else table
        names = self.s3db.get_config(table, "list_fields")
        if not names:
            names = [field.name for field in table if self.is_data(table, field) and field.type != "text"][:6]
        return columns_of([table[name] for name in names if name in table.fields], "")

    def searchable(self) -> list[Any]:
        """Return the fields that a list is searched in."""
        table = self.table
        return [field for field in table if field.type in ("string", "text") and self.is_data(table, field)]

    def is_data(self, table: Any, field: Any) -> bool:
        return field.readable and field.name not in META_FIELDS and field.type not in ("id", "password")

    def shown(self, field: Any, value: Any) -> Any:
        """Return a stored value as it is shown to people."""
        if value is None or value == "":
            return NONE
        if field.type == "upload":
            return A(self.T("File"), _href=URL("default", "download", args=value))
        if field.represent and not isinstance(field.represent, ReferenceLabel):
            return field.represent(value, None)
        if isinstance(field.represent, ReferenceLabel):
            return self._linked(field, value)
        if field.type == "datetime":
            return moment(value)
        if str(field.type).startswith("list:"):
            return ", ".join(str(one) for one in value) or NONE
        return str(value)

    def _linked(self, field: Any, value: Any) -> Any:
        target = reference_target(field)
        label = field.represent(value)
        if isinstance(value, (list, tuple)) or not target:
            return label
        key = self.s3db.get_super_key(target)
        if key:
            instance = self.s3db.super_instance(target, int(value))
            if instance is None:
                return label
            target, instance_uuid = instance
            table = self.s3db[target]
            row = self.s3db.db(table.uuid == instance_uuid).select(table.id, limitby=(0, 1)).first()
            value = row.id if row else None
        if not value or not self.auth.s3_has_permission("read", target):
            return label
        prefix, name = target.split("_", 1)
        return A(label, _href=URL(prefix, name, args=int(value)))

    def preload(self, columns: list[Column], rows: Any) -> None:
        """Look up all names in a list, with one query for each table."""
        for column in columns:
            if isinstance(column.field.represent, ReferenceLabel):
                values = [row[column.field.name] for row in rows]
                flat = [
                    one
                    for value in values
                    for one in (value if isinstance(value, (list, tuple)) else [value])
                ]
                column.field.represent.load(flat)

    def record_label(self, record: Any) -> str:
        """Return the name of a record."""
        names = self.s3db.get_config(self.table, "name_fields", ("name",))
        parts = [str(record[name]) for name in names if name in self.table.fields and record[name]]
        return " ".join(parts) or f"#{record.id}"
