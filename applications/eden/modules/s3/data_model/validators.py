"""Validators that look into this site's tables or choose from a list."""

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

#: Up to so many records are offered in a list to choose from; beyond, a person types a name or number.
MAX_OPTIONS = 200


def is_key(text: Any) -> bool:
    """Tell whether a text can be the key of a record, or the number of a page.

    Args:
        text: as it stands in an address, or as it was entered.
    """
    given = str(text)
    # a longer number is more than some databases can look for
    return given.isascii() and given.isdigit() and len(given) < 10


class ReferenceTo(Validator):
    """A live record of another table, given by its id, its uuid, or a name that only it has.

    Args:
        s3db: the site's data model.
        tablename: table referred to.
        multiple: a list of them.
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
        """Ids and names to choose from, as web2py's list widget wants them."""
        table = self.s3db[self.tablename]
        rows = self._live().select(table._id, *self.s3db_names(), limitby=(0, MAX_OPTIONS))
        shown = sorted(
            ((str(row[table._id]), self.label(row)) for row in rows), key=lambda pair: str(pair[1])
        )
        return ([("", "")] if zero and not self.multiple else []) + shown

    def is_short(self) -> bool:
        """Whether the records can be offered in a list."""
        table = self.s3db[self.tablename]
        return len(self._live().select(table._id, limitby=(0, MAX_OPTIONS + 1))) <= MAX_OPTIONS

    def s3db_names(self) -> list[Any]:
        """Columns that make the name of a record."""
        table = self.s3db[self.tablename]
        names = self.s3db.get_config(self.tablename, "name_fields", ("name",))
        return [table[name] for name in names if name in table.fields]

    def label(self, row: Any) -> str:
        """The name of a record."""
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
        """The id (or list of ids) for what a form or a document gave; None if empty."""
        if self.multiple:
            given = value if isinstance(value, (list, tuple)) else ([value] if value else [])
            return [self._find(one) for one in given if one not in (None, "")]
        if value in (None, ""):
            if self.required:
                raise ValidationError(self.translator("Enter a value"))
            return None
        return self._find(value)

    def formatter(self, value: Any) -> Any:
        """What a form field shows for a stored value."""
        return value


class UniqueValue(Validator):
    """A value that no other record of the table has; empty is allowed, and NULL.

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
        """Told by web2py's forms which record is edited."""
        self.record_id = record_id

    def validate(self, value: Any, record_id: Any | None = None) -> Any:
        """The value, None if empty."""
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
    """An address of a web page, with or without `https://`; stored as it was given."""

    #: Holds on to nothing of a request: an import need not look it up anew for every value.
    s3_pure = True

    _PATTERN = re.compile(
        r"(https?://)?[^\s/:@?#.][^\s/:@?#]*\.?[^\s/:@?#]*(:\d+)?([/?#]\S*)?", re.IGNORECASE
    )

    def validate(self, value: Any, record_id: Any | None = None) -> Any:
        """The address as it was given."""
        if not self._PATTERN.fullmatch(str(value)):
            raise ValidationError(self.translator("Enter a web address such as https://www.example.org"))
        return value
