"""Values of fields from text, by field type.

``reader`` compiles one function per field, since it runs for each value of each record.

Reading is more lenient than writing: it accepts JSON-quoted numbers and dates, JSON in JSON, and text instead of
``value``. Text is never unescaped a second time: an Eden writes text without ``value`` as it is. ``null`` in a
``value`` is NULL in every type, never the word. An empty element of a string field clears the field; of another type
it has no value (ABSENT), as in Eden.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Callable, Optional

from ...core.schema import Field
from ...core.text import shown
from .datetimes import parse_date, parse_datetime, parse_time

Reader = Callable[[Optional[str], Optional[str]], Any]


class _Absent:
    """The element is present, but has no value for the field."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DECIMAL_TYPE = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_INTEGER_RANGE = (-(2**31), 2**31 - 1)
_BIGINT_RANGE = (-(2**63), 2**63 - 1)
_ROOMY = Context(prec=10000)
#: Maximum characters of a number, and digits of a whole number in JSON.
LONGEST_NUMBER, MOST_JSON_DIGITS = 1000, 1000
#: Maximum nesting of JSON: whatever goes through it afterwards must not end in a RecursionError.
DEEPEST_JSON = 100
_TRUE = frozenset(("true", "t", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "off", "0"))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a value of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise ValueError(f"{shown(text)} is out of range")
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_JSON_DIGITS:
        raise ValueError(f"{shown(text)} is out of range")
    return int(text)


_JSON = json.JSONDecoder(strict=False, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)


def parse_json(text: str) -> Any:
    """Read JSON.

    Raises:
        ValueError: it is no JSON, contains NaN or infinity, or is nested too deeply.
    """
    try:
        result = _JSON.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > DEEPEST_JSON and _is_deep(result):
        raise ValueError(_TOO_DEEP)
    return result


def json_value(text: str, place: int) -> tuple[Any, int]:
    """Read one value of JSON within a text; return it, and where it ends.

    Args:
        text: the text.
        place: where the value begins.

    Raises:
        ValueError: as for ``parse_json``; also where the text ends before the value does.
    """
    try:
        result, end = _JSON.raw_decode(text, place)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if text.count("[", place, end) + text.count("{", place, end) > DEEPEST_JSON and _is_deep(result):
        raise ValueError(_TOO_DEEP)
    return result, end


_TOO_DEEP = "the JSON is nested too deeply"


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (list, dict)) else []
    for _ in range(DEEPEST_JSON):
        level = [
            each
            for container in level
            for each in (container.values() if isinstance(container, dict) else container)
            if isinstance(each, (list, dict))
        ]
    return bool(level)


# --- reading ---------------------------------------------------------------------------------------------


def reader(field: Field) -> Reader:
    """Return the function that reads values of a field.

    Args:
        field: any field but a reference, upload or blob.

    Returns:
        A function of the ``value`` attribute and the text of a <data> element (None if there is none). It
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
            # Two quotes are those around it: the usual text.
            is_plain = value.count('"') == 2 and value[-1] == '"' and "\\" not in value
            result = value[1:-1] if is_plain else _json_string(value)
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
    """Decode a JSON string; a text that only looks like one is taken literally, as in Eden."""
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
    if len(raw) > LONGEST_NUMBER or _NUMBER.fullmatch(raw) is None:
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
            # A value that the column cannot store would differ from the sent one for ever.
            rounded = number.quantize(smallest, ROUND_HALF_EVEN, _ROOMY)
            number = number if number == rounded else rounded
        if abs(number) >= bound:
            raise ValueError(
                f"{shown(raw)} is out of range, {digits} digits with {places} places are allowed"
            )
        return number

    return convert


def _plain_decimal(raw: str) -> Decimal:
    if len(raw) > LONGEST_NUMBER or _NUMBER.fullmatch(raw) is None:
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
    """Return the value of a list element: a list, None, ABSENT, or the raw text if it is no JSON."""
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
        # A single text that happens to be JSON, such as 1.50 or true, is still that text.
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
