"""Field values to text and back, by field type.

``reader`` and ``writer`` compile one function a field, since they run for each value of each record.

What is written is read back exactly, by us and, wherever it can hold the value at all, by an Eden:

- A ``value`` attribute is for machines and wins over the text, which is for people. Strings stand in it as
  JSON, numbers, booleans and lists too; dates, times and decimals bare.
- A plain string goes without ``value`` where Eden would not write one. Eden unescapes such text once more
  than XML asks for and drops it when it is blank, so text that would suffer from either gets a ``value``
  nevertheless; so do characters that XML cannot carry.
- JSON goes as text without ``value``: an Eden turns an object in ``value`` into Python's spelling of it. An
  ampersand inside is written ``\\u0026`` for the reason above.

What is read is less strict: JSON-quoted numbers and dates, JSON in JSON, text instead of ``value``. Text is
never unescaped once more: an Eden writes text without ``value`` as it is. ``null`` in a ``value`` is NULL in
every type, never the word. An empty string element clears the field; an empty element of another type says
nothing (ABSENT), as with Eden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Callable, Optional, Union

from .moments import (
    parse_date,
    parse_datetime,
    parse_time,
    write_date,
    write_datetime,
    write_datetimes,
    write_time,
)
from .schema import Field
from .xmltext import escape_attr, escape_attrs, escape_text, escape_texts, is_legal, shown

Reader = Callable[[Optional[str], Optional[str]], Any]
Writer = Callable[[Any], str]
Pieces = list[Union[str, Sequence[str]]]
ColumnWriter = Callable[[Sequence[Any]], Pieces]


class _Absent:
    """The element is there, but says nothing about the field."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_EDEN_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos);")
_DECIMAL_TYPE = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_INTEGER_RANGE = (-(2**31), 2**31 - 1)
_BIGINT_RANGE = (-(2**63), 2**63 - 1)
_ROOMY = Context(prec=10000)
_TRUE = frozenset(("true", "t", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "off", "0"))
_JSON_KINDS = frozenset(("json", "jsonb"))
_LIST_KINDS = frozenset(("list:string", "list:integer"))
_TRUE_STORED = frozenset((True, "T", "t", "1", "true", "True"))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a value of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{shown(text)} is out of range")
    return number


_JSON = json.JSONDecoder(strict=False, parse_constant=_refuse_constant, parse_float=_finite)


def parse_json(text: str) -> Any:
    """Read JSON.

    Raises:
        ValueError: not JSON, NaN or infinite, or nested too deeply.
    """
    try:
        return _JSON.decode(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


# --- reading ---------------------------------------------------------------------------------------------


def reader(field: Field) -> Reader:
    """Return the function that reads values of a field.

    Args:
        field: any field but a reference, upload or blob.

    Returns:
        A function of the ``value`` attribute and the text of a <data> element (None where there is none). It
        returns the Python value, None for NULL, or ABSENT; it raises ValueError with a message for a person.
    """
    kind = field.kind
    if kind == "integer" or kind == "id":
        return _scalar(_integer(_INTEGER_RANGE))
    if kind in ("bigint", "big-id"):
        return _scalar(_integer(_BIGINT_RANGE))
    if kind in ("double", "float"):
        return _scalar(_double)
    if kind == "decimal":
        return _scalar(_decimal(field.type))
    if kind == "boolean":
        return _scalar(_boolean)
    if kind == "date":
        return _scalar(parse_date)
    if kind == "datetime":
        return _scalar(parse_datetime)
    if kind == "time":
        return _scalar(parse_time)
    if kind in ("json", "jsonb"):
        return _read_json
    if kind == "list:string":
        return _read_strings
    if kind == "list:integer":
        return _read_integers
    return _string(field)


def _string(field: Field) -> Reader:
    empty = "" if field.notnull else None
    limit = field.length if field.length is not None else 2**31

    def read(value: str | None, text: str | None) -> str | None:
        if value is None:
            if not text or text.isspace():
                return empty
            result = text
        elif value[:1] == '"':
            result = _json_string(value)
        elif not value:
            return empty
        elif value == "null":
            return None
        else:
            result = value
        if len(result) > limit:
            raise ValueError(f"has {len(result)} characters, at most {limit} are allowed")
        return result

    return read


def _json_string(value: str) -> str:
    """Decode a JSON string; what only looks like one is taken literally, as an Eden does."""
    if "\\" not in value:
        inner = value[1:-1]
        return inner if len(value) > 1 and value[-1] == '"' and '"' not in inner else value
    try:
        result = _JSON.decode(value)
    except ValueError:
        return value
    if not isinstance(result, str):
        return value
    _check_storable(result)
    return result


def _check_storable(text: str) -> None:
    if "\0" in text:
        raise ValueError("contains the character NUL, which databases cannot store")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("contains half of a surrogate pair, which is not a character") from None


def _scalar(convert: Callable[[str], Any]) -> Reader:
    def read(value: str | None, text: str | None) -> Any:
        raw = text if value is None else value
        if raw is None:
            return ABSENT
        raw = raw.strip()
        if raw[:1] == '"' and raw[-1] == '"' and len(raw) > 1:
            raw = raw[1:-1].strip()
        if not raw:
            return ABSENT
        if raw == "null":
            return None
        return convert(raw)

    return read


def _integer(allowed: tuple[int, int]) -> Callable[[str], int]:
    low, high = allowed

    def convert(raw: str) -> int:
        if _INTEGER.fullmatch(raw) is None:
            raise ValueError(f"{shown(raw)} is not a whole number")
        number = int(raw)
        if not low <= number <= high:
            raise ValueError(f"{shown(raw)} is out of range, {low} to {high} are allowed")
        return number

    return convert


def _double(raw: str) -> float:
    if _NUMBER.fullmatch(raw) is None:
        raise ValueError(f"{shown(raw)} is not a number")
    return _finite(raw)


def _decimal(type_name: str) -> Callable[[str], Decimal]:
    match = _DECIMAL_TYPE.match(type_name)
    if match is None:
        return _plain_decimal
    digits, places = int(match[1]), int(match[2])
    bound = Decimal(10) ** (digits - places)
    smallest = Decimal(1).scaleb(-places)

    def convert(raw: str) -> Decimal:
        number = _plain_decimal(raw)
        if abs(number) < bound:
            # What the column cannot hold would differ from what was sent and never count as unchanged.
            rounded = number.quantize(smallest, ROUND_HALF_EVEN, _ROOMY)
            number = number if number == rounded else rounded
        if abs(number) >= bound:
            raise ValueError(
                f"{shown(raw)} is out of range, {digits} digits with {places} places are allowed"
            )
        return number

    return convert


def _plain_decimal(raw: str) -> Decimal:
    if _NUMBER.fullmatch(raw) is None:
        raise ValueError(f"{shown(raw)} is not a number")
    return Decimal(raw)


def _boolean(raw: str) -> bool:
    word = raw.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(f"{shown(raw)} is neither true nor false")


def _read_json(value: str | None, text: str | None) -> Any:
    raw = text if value is None else value
    if raw is None or not raw or raw.isspace():
        return ABSENT
    result = _json_or_complain(raw)
    # JSON in JSON is how peers get an object past an Eden. A scalar in a string is more likely a string.
    if value is not None and isinstance(result, str) and result.lstrip()[:1] in ("{", "["):
        try:
            return parse_json(result)
        except ValueError:
            return result
    return result


def _json_or_complain(raw: str) -> Any:
    try:
        return parse_json(raw)
    except ValueError as error:
        raise ValueError(f"{shown(raw)} is not JSON: {error}") from None


def _listing(value: str | None, text: str | None) -> Any:
    """Return what a list element holds: a list, None, ABSENT, or the raw text where it is no JSON."""
    raw = text if value is None else value
    if raw is None or not raw or raw.isspace():
        return ABSENT
    try:
        return parse_json(raw)
    except ValueError:
        return raw


def _read_strings(value: str | None, text: str | None) -> Any:
    found = _listing(value, text)
    if found is ABSENT or found is None:
        return found
    if not isinstance(found, list):
        # A lone text that happens to be JSON, such as 1.50 or true, is still that text.
        found = [found if isinstance(found, str) else (text if value is None else value)]
    result: list[str] = []
    for item in found:
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            item = str(item)
        if not isinstance(item, str):
            raise ValueError(f"{shown(json.dumps(item))} cannot be an element of a list of texts")
        _check_storable(item)
        result.append(item)
    return result


_list_integer = _integer(_BIGINT_RANGE)


def _read_integers(value: str | None, text: str | None) -> Any:
    found = _listing(value, text)
    if found is ABSENT or found is None:
        return found
    result: list[int] = []
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, (bool, float)) or not isinstance(item, (int, str)):
            raise ValueError(f"{shown(json.dumps(item))} is not a whole number")
        result.append(_list_integer(str(item).strip()))
    return result


# --- writing ---------------------------------------------------------------------------------------------


def writer(field: Field) -> Writer:
    """Return the function that writes values of a field as a complete <data> element.

    Args:
        field: any field but a reference, upload or blob.

    Returns:
        A function of a value other than None. Besides Python values it takes what databases return for them:
        ISO text for dates and times, "T" and "F" for booleans.
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
        A function of a sequence of values other than None, not empty. It returns the pieces of the elements: a text
        that is the same for all of them, or a sequence with a text for each.
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
        # Escaped because SQLite keeps whatever text was put into a column of another type.
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
        # JSON in ASCII holds no NUL, so that NUL keeps the values apart
        encoded = json.dumps(texts, separators=("\0", ":"))[1:-1].split("\0")
        return [f'{head} value="', escape_attrs(encoded), '">', readable, "</data>"]

    return write
