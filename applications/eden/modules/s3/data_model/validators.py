"""Validators that query this site's tables or choose from a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gluon.validators import Validator

if TYPE_CHECKING:
    from .datamodel import S3DataModel

try:
    from gluon.validators import ValidationError
except ImportError:  # web2py 2 gives this name only through pydal
    from pydal.validators import ValidationError

#: Most records that are offered as a list; with more, a person types a name or an id.
MAX_OPTIONS = 200


def is_key(text: Any) -> bool:
    """Return whether a text can be the key of a record, or the number of a page.

    Args:
        text: a part of an address, or what somebody entered.
    """
    given = str(text)
    # Some databases cannot search for a longer number.
    return given.isascii() and given.isdigit() and len(given) < 10


class ReferenceTo(Validator):
    """A live record of another table, given by its id, its uuid, or a unique name.

    Args:
        s3db: the site's data model.
        tablename: table referred to.
        required: refuse an empty value.
        multiple: a list of records.
    """

    def __init__(
        self, s3db: S3DataModel, tablename: str, required: bool = False, multiple: bool = False
    ) -> None:
        self.s3db = s3db
        self.tablename = tablename
        self.required = required
        self.multiple = multiple

    def _live(self) -> Any:
        table = self.s3db[self.tablename]
        return self.s3db.db(table.deleted == False)  # noqa: E712 - an SQL expression

    def options(self, zero: bool = True) -> list[tuple[str, Any]]:
        """Return ids and names to choose from, as web2py's list widget takes them."""
        table = self.s3db[self.tablename]
        rows = self._live().select(table._id, *self.s3db_names(), limitby=(0, MAX_OPTIONS))
        shown = sorted(
            ((str(row[table._id]), self.label(row)) for row in rows), key=lambda pair: str(pair[1])
        )
        return ([("", "")] if zero and not self.multiple else []) + shown

    def is_short(self) -> bool:
        """Return whether the records can be offered as a list."""
        table = self.s3db[self.tablename]
        return len(self._live().select(table._id, limitby=(0, MAX_OPTIONS + 1))) <= MAX_OPTIONS

    def s3db_names(self) -> list[Any]:
        """Return the columns that make the name of a record."""
        table = self.s3db[self.tablename]
        names = self.s3db.get_config(self.tablename, "name_fields", ("name",))
        return [table[name] for name in names if name in table.fields]

    def label(self, row: Any) -> str:
        """Return the name of a record."""
        parts = [str(row[column]) for column in self.s3db_names() if row[column]]
        return " ".join(parts) or f"#{row[self.s3db[self.tablename]._id]}"

    def _find(self, given: Any) -> int:
        table = self.s3db[self.tablename]
        text = str(given).strip()
        if is_key(text):
            query = table._id == int(text)
        elif text.startswith("urn:"):
            query = table.uuid == text
        else:
            columns = self.s3db_names()
            if not columns:
                raise ValidationError(self.translator("Give the number of the record"))
            words = text.split(None, len(columns) - 1) if len(columns) > 1 else [text]
            query = columns[0] == words[0]
            for column, word in zip(columns[1:], words[1:]):
                query &= column == word
        found = self._live()(query).select(table._id, limitby=(0, 2))
        if not found:
            raise ValidationError(self.translator("There is no such record"))
        if len(found) > 1:
            raise ValidationError(
                self.translator("Several records have this name: give the number of the one you mean")
            )
        return int(found.first()[table._id])

    def validate(self, value: Any, record_id: Any | None = None) -> Any:
        """Return the id (or list of ids) for a value of a form or a document; None if it is empty."""
        if self.multiple:
            given = value if isinstance(value, (list, tuple)) else ([value] if value else [])
            return [self._find(one) for one in given if one not in (None, "")]
        if value in (None, ""):
            if self.required:
                raise ValidationError(self.translator("Enter a value"))
            return None
        return self._find(value)

    def formatter(self, value: Any) -> Any:
        """Return the text of a form field for a stored value."""
        return value


class UniqueValue(Validator):
    """A value that no other record of the table has; it may be empty or NULL.

    Deleted records count as well: the column is unique in the database.

    Args:
        s3db: the site's data model.
        tablename: table the column belongs to.
        fieldname: name of the column.
    """

    def __init__(self, s3db: S3DataModel, tablename: str, fieldname: str) -> None:
        self.s3db = s3db
        self.tablename = tablename
        self.fieldname = fieldname
        self.record_id: Any = None

    def set_self_id(self, record_id: Any) -> None:
        """Set which record is edited; web2py's forms call this."""
        self.record_id = record_id

    def validate(self, value: Any, record_id: Any | None = None) -> Any:
        """Return the value, None if it is empty."""
        if value is None or str(value).strip() == "":
            return None
        table = self.s3db[self.tablename]
        query = table[self.fieldname] == value
        own = record_id or self.record_id
        if own:
            query &= table._id != int(own)
        if self.s3db.db(query).select(table._id, limitby=(0, 1)):
            raise ValidationError(self.translator("Value already in database"))
        return value


class WebAddress(Validator):
    """An address of a web page, with or without ``https://``; it is stored as entered."""

    #: Keeps no reference to a request: an import can use one instance for all values.
    s3_pure = True

    _PATTERN = re.compile(
        r"(https?://)?[^\s/:@?#.][^\s/:@?#]*\.?[^\s/:@?#]*(:\d+)?([/?#]\S*)?", re.IGNORECASE
    )

    def validate(self, value: Any, record_id: Any | None = None) -> Any:
        """Return the address as it was entered."""
        if not self._PATTERN.fullmatch(str(value)):
            raise ValidationError(self.translator("Enter a web address such as https://www.example.org"))
        return value
