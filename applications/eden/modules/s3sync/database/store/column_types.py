"""How values are stored in the columns of a database, by pydal's rules.

pydal must read what the store writes without it, and the other way round. These are pydal's rules (its
``representers`` and ``parsers``), compiled once per column instead of looked up for each value.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Callable

from pydal.helpers.methods import bar_decode_integer, bar_decode_string, bar_encode

from ...core.schema import Field

Converter = Callable[[Any], Any]

#: The type of the times in our own tables, whatever the column's name.
MOMENT = Field("modified_on", "datetime", "datetime")


def _write_bool(value: Any) -> str:
    return "T" if value else "F"


def _read_bool(value: Any) -> bool:
    return value == "T" or str(value)[:1] in ("t", "1")


def _write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _write_time(value: time) -> str:
    return value.isoformat("seconds")


def _read_time(value: Any) -> time:
    if isinstance(value, time):
        return value.replace(microsecond=0)
    if isinstance(value, timedelta):  # MySQL's drivers return a time of day as a duration
        return (datetime.min + value).time().replace(microsecond=0)
    hour, minute, second = ([int(part) for part in str(value)[:8].split(":")] + [0, 0])[:3]
    return time(hour, minute, second)


def _write_datetime(value: datetime) -> str:
    return value.isoformat(" ", "seconds")


def _read_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.replace(microsecond=0) if value.microsecond else value
    return datetime.fromisoformat(value[:19])


def _whole_seconds(value: datetime) -> datetime:
    return value.replace(microsecond=0) if value.microsecond else value


def _write_date(value: date) -> str:
    return value.isoformat()[:10]


def _read_date(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value[:10])


def _write_blob(value: Any) -> str:
    return b64encode(value.encode() if isinstance(value, str) else bytes(value)).decode("ascii")


def _read_blob(value: Any) -> bytes:
    return b64decode(value if isinstance(value, (str, bytes)) else bytes(value))


def _read_any_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def decimals_of(field_type: str) -> int:
    """Return the number of decimal places of a type such as "decimal(10,2)"."""
    return int(field_type.rpartition(",")[2].rstrip(")").strip() or 0)


class Columns:
    """The conventions of one database; this class has those common to all of pydal's SQL databases.

    Args:
        quote: the quote character of identifiers.
        native_lists: whether list: types are array columns (pydal's "postgres2" and "postgres3").
        native_booleans: whether booleans are boolean columns (pydal's "postgres3").
        native_json: whether the driver returns JSON columns as Python values.
        moment_text: expression for the ISO text of a date and time, with {} for the column; "" if there is none. The
            database writes that text faster than the driver makes an object.
    """

    text_times = False

    def __init__(
        self,
        quote: str,
        *,
        native_lists: bool = False,
        native_booleans: bool = False,
        native_json: bool = False,
        moment_text: str = "",
    ) -> None:
        self.quote = quote
        self.native_lists = native_lists
        self.native_booleans = native_booleans
        self.native_json = native_json
        self._moment_text = moment_text

    def name(self, identifier: str) -> str:
        """Return an identifier in quotes."""
        return f"{self.quote}{identifier}{self.quote}"

    def encoder(self, field: Field) -> Converter | None:
        """Return the function that converts a Python value to a driver's parameter, None if none is needed."""
        kind = field.kind
        if kind == "boolean":
            return None if self.native_booleans else _write_bool
        if kind == "json":
            return _write_json
        if kind.startswith("list:"):
            return list if self.native_lists else bar_encode
        if kind == "blob":
            return _write_blob
        if self.text_times:
            if kind == "datetime":
                return _write_datetime
            if kind == "date":
                return _write_date
            if kind == "time":
                return _write_time
            if kind == "decimal":
                return float
        return None

    def decoder(self, field: Field) -> Converter | None:
        """Return the function that converts a column value to a Python value, None if none is needed."""
        kind = field.kind
        if kind == "boolean":
            return None if self.native_booleans else _read_bool
        if kind == "json":
            return None if self.native_json else _read_any_json
        if kind == "list:string":
            return None if self.native_lists else bar_decode_string
        if kind.startswith("list:"):
            return None if self.native_lists else bar_decode_integer
        if kind == "blob":
            return _read_blob
        if kind == "decimal":
            return self._decimal_reader(field)
        if kind == "datetime":
            return _read_datetime if self.text_times else _whole_seconds
        if kind == "date":
            return _read_date if self.text_times else None
        if kind == "time":
            return _read_time
        return None

    def reader(self, field: Field) -> Converter | None:
        """Return the function that converts a value of ``raw`` to a value for the writers of documents."""
        if self.text_times and field.kind in ("datetime", "date", "time"):
            return None  # ISO text already
        if self._moment_text and field.kind == "datetime":
            return None
        return self.decoder(field)

    def raw(self, column: str, field: Field) -> str:
        """Return the expression that selects a column for ``reader``."""
        if self._moment_text and field.kind == "datetime":
            return self._moment_text.format(column)
        return column

    def plain(self, column: str, field: Field) -> str:
        """Return the expression that selects a column for ``decoder``."""
        return column

    def _decimal_reader(self, field: Field) -> Converter | None:
        places = Decimal(1).scaleb(-decimals_of(field.type))

        def read(value: Any) -> Decimal:
            return (value if isinstance(value, Decimal) else Decimal(repr(value))).quantize(places)

        return read


class SQLiteColumns(Columns):
    """SQLite: times are text, decimals are floating point numbers."""

    text_times = True

    def __init__(self) -> None:
        super().__init__('"')

    def raw(self, column: str, field: Field) -> str:
        """Return times as their stored text; as an expression, so that the driver does not parse them."""
        return f"+{column}" if field.kind in ("datetime", "date", "time") else column

    def plain(self, column: str, field: Field) -> str:
        """Return the column with a unary plus if the driver would parse it slowly by its declared type."""
        return f"+{column}" if field.kind in ("datetime", "date") else column


def encode_rows(
    rows: Sequence[tuple[Any, ...]], encoders: Sequence[Converter | None]
) -> Sequence[tuple[Any, ...]]:
    """Apply the converter of each column; None stays None, and columns without a converter do not change."""
    if not rows or not any(encoders):
        return rows
    return list(zip(*encoded_columns(rows, encoders)))


def encoded_columns(
    rows: Sequence[tuple[Any, ...]], encoders: Sequence[Converter | None]
) -> list[Sequence[Any]]:
    """Return the columns of ``encode_rows``, for at least one row."""
    turned: list[Sequence[Any]] = list(zip(*rows))
    for at, convert in enumerate(encoders):
        if convert is not None:
            turned[at] = [None if value is None else convert(value) for value in turned[at]]
    return turned
