"""Values of fields to text, one by one and by columns.

``writer`` compiles one function per field, since it runs for each value of each record.

We read every value back exactly, and so does an Eden if it can store the value at all:

- A ``value`` attribute is for machines and takes precedence over the text, which is for people. It has strings,
  numbers, booleans and lists as JSON; dates, times and decimals without quotes.
- A plain string is written without ``value`` where Eden would not write one. Eden unescapes such text once more than
  XML requires, and drops blank text. So text that this would change gets a ``value`` nevertheless, and so do
  characters that XML cannot contain.
- JSON is written as text without ``value``: an Eden turns an object in ``value`` into its Python representation. An
  ampersand in it is written ``\\u0026``, for the same reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Callable, Union

from ...core.schema import Field
from ...core.text import is_legal
from ..xml_text import escape_attr, escape_attrs, escape_text, escape_texts
from .datetimes import write_date, write_datetime, write_datetimes, write_time

Writer = Callable[[Any], str]
Pieces = list[Union[str, Sequence[str]]]
ColumnWriter = Callable[[Sequence[Any]], Pieces]
_EDEN_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos);")
_JSON_KINDS = frozenset(("json", "jsonb"))
_LIST_KINDS = frozenset(("list:string", "list:integer"))
_TRUE_STORED = frozenset((True, "T", "t", "1", "true", "True"))


# --- writing ---------------------------------------------------------------------------------------------


def writer(field: Field) -> Writer:
    """Return the function that writes values of a field as a complete <data> element.

    Args:
        field: any field but a reference, upload or blob.

    Returns:
        A function of a value other than None. Besides Python values it takes those of databases: ISO text for
        dates and times, "T" and "F" for booleans.
    """
    head = f'<data field="{escape_attr(field.name)}"'
    kind = field.kind
    if kind in _JSON_KINDS:
        return _json_writer(head)
    if kind in _LIST_KINDS:
        return _list_writer(head)
    convert = _TO_TEXT.get(kind)
    if convert is not None:
        return _scalar_writer(head, convert, readable=kind == "datetime")
    return _represented_writer(head) if field.represented else _string_writer(head)


def column_writer(field: Field) -> ColumnWriter:
    """Return the function that writes many values of a field at once, each as ``writer`` does.

    Args:
        field: as for ``writer``.

    Returns:
        A function of a non-empty sequence of values other than None. It returns the pieces of the elements: one text
        for all of them, or a sequence with a text for each.
    """
    head = f'<data field="{escape_attr(field.name)}"'
    kind = field.kind
    if kind in _JSON_KINDS or kind in _LIST_KINDS:
        write = writer(field)
        return lambda values: [[write(value) for value in values]]
    if kind == "datetime":
        return _datetime_columns(head)
    convert = _TO_TEXT.get(kind)
    if convert is not None:
        return _scalar_columns(head, convert)
    return _represented_columns(head) if field.represented else _string_columns(head)


def _boolean_text(value: Any) -> str:
    return "true" if value in _TRUE_STORED else "false"


def _decimal_text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


_TO_TEXT: dict[str, Callable[[Any], str]] = {
    "integer": str,
    "id": str,
    "bigint": str,
    "big-id": str,
    "double": repr,
    "float": repr,
    "decimal": _decimal_text,
    "boolean": _boolean_text,
    "date": write_date,
    "datetime": write_datetime,
    "time": write_time,
}


def _scalar_writer(head: str, convert: Callable[[Any], str], readable: bool) -> Writer:
    def write(value: Any) -> str:
        # Escaped because SQLite stores any text in a column of another type.
        text = escape_attr(convert(value))
        return f'{head} value="{text}">{text.replace("T", " ") if readable else text}</data>'

    return write


def _with_value(head: str, encoded: str, text: str) -> str:
    return f'{head} value="{escape_attr(encoded)}">{escape_text(text)}</data>'


def _string_writer(head: str) -> Writer:
    opening = f"{head}>"

    def write(value: Any) -> str:
        if type(value) is not str:
            value = str(value)
        if (
            not value
            or value.isspace()
            or not is_legal(value)
            or ("&" in value and _EDEN_ENTITY.search(value))
        ):
            return _with_value(head, json.dumps(value), value)
        return f"{opening}{escape_text(value)}</data>"

    return write


def _represented_writer(head: str) -> Writer:
    opening = f'{head} value="&quot;'

    def write(value: Any) -> str:
        if type(value) is not str:
            value = str(value)
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            text = escape_text(value)
            return f'{opening}{text}&quot;">{text}</data>'
        return _with_value(head, json.dumps(value), value)

    return write


def _json_writer(head: str) -> Writer:
    def write(value: Any) -> str:
        text = json.dumps(value).replace("&", "\\u0026")
        return f"{head}>{escape_text(text)}</data>"

    return write


def _list_writer(head: str) -> Writer:
    def write(value: Any) -> str:
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        return _with_value(head, json.dumps(items), ", ".join(map(str, items)))

    return write


def _datetime_columns(head: str) -> ColumnWriter:
    def write(values: Sequence[Any]) -> Pieces:
        texts = escape_attrs(write_datetimes(values))
        return [f'{head} value="', texts, '">', [text.replace("T", " ") for text in texts], "</data>"]

    return write


def _scalar_columns(head: str, convert: Callable[[Any], str]) -> ColumnWriter:
    def write(values: Sequence[Any]) -> Pieces:
        texts = escape_attrs([convert(value) for value in values])
        return [f'{head} value="', texts, '">', texts, "</data>"]

    return write


def _as_texts(values: Sequence[Any]) -> Sequence[str]:
    return values if set(map(type, values)) == {str} else [str(value) for value in values]


def _string_columns(head: str) -> ColumnWriter:
    one = _string_writer(head)

    def write(values: Sequence[Any]) -> Pieces:
        texts = _as_texts(values)
        together = "".join(texts)
        if (
            not is_legal(together)
            or not all(map(str.strip, texts))
            or ("&" in together and _EDEN_ENTITY.search(together))
        ):
            return [[one(text) for text in texts]]
        return [f"{head}>", escape_texts(texts, together), "</data>"]

    return write


def _represented_columns(head: str) -> ColumnWriter:
    def write(values: Sequence[Any]) -> Pieces:
        texts = _as_texts(values)
        together = "".join(texts)
        is_plain = together.isascii() and together.isprintable()
        readable = escape_texts(texts, together if is_plain else None)
        if is_plain and '"' not in together and "\\" not in together:
            return [f'{head} value="&quot;', readable, '&quot;">', readable, "</data>"]
        # JSON in ASCII contains no NUL, so NUL can separate the values.
        encoded = json.dumps(texts, separators=("\0", ":"))[1:-1].split("\0")
        return [f'{head} value="', escape_attrs(encoded), '">', readable, "</data>"]

    return write
