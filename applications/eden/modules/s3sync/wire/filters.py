"""URL filters, which choose the records that a task exchanges: reading, checking and writing them.

The grammar is Eden's: ``[table]selector__operator=value``.

- ``[table]`` says which table's records are filtered; ``[~]``, ``[]`` or nothing means the main table.
- A selector is ``~`` or the alias of a component, a dot, and a field; ``$`` follows a foreign key into the
  next table: ``~.organisation_id$acronym``. Several selectors are joined by ``|`` and mean any of them.
- The default operator is ``eq``; ``!`` after it negates. ``like`` has the wildcards ``*`` and ``?`` and ignores
  case.
- Several values are joined by commas and mean any of them. ``NONE`` is NULL. A value in double quotes is
  literal; inside, ``\\"`` is a quote, and a backslash is an escape only before a quote.

An Eden silently ignores a filter that it cannot read, and sends everything. Here that is an error.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from ..core.errors import FilterError, ProtectedResource, UnknownResource
from ..core.schema import Component, Field, Schema, Table
from ..core.text import is_legal, shown
from .filter_limits import check_counts, check_length
from .values.reading import ABSENT, reader


class Operator(str, enum.Enum):
    """How a field is compared; the names are Eden's."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    LIKE = "like"
    BELONGS = "belongs"
    CONTAINS = "contains"
    ANYOF = "anyof"
    TYPEOF = "typeof"


class Selector(NamedTuple):
    """A field, seen from the filtered table.

    Attributes:
        alias: "~" for the table itself, else the alias of a component.
        path: foreign keys to follow, then the field.
    """

    alias: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.alias}.{'$'.join(self.path)}"


@dataclass(frozen=True)
class Filter:
    """A condition.

    Attributes:
        table: the table whose records are filtered, None for the main table.
        selectors: alternatives; one of them must meet the condition.
        operator: how to compare.
        values: alternatives as text, None for NULL; ``contains`` needs all of them.
        negate: whether the condition is negated.
    """

    table: str | None
    selectors: tuple[Selector, ...]
    operator: Operator
    values: tuple[str | None, ...]
    negate: bool = False

    def __str__(self) -> str:
        return shown("=".join(write_filter(self)), _LONGEST_SHOWN)

    @property
    def looks_elsewhere(self) -> bool:
        """Whether it looks at other records by references: when these change, the record itself does not."""
        return any(len(each.path) > 1 for each in self.selectors)


class Hop(NamedTuple):
    """A foreign key that a selector follows, and its target table (which may be a super-entity)."""

    field: Field
    table: Table


class Path(NamedTuple):
    """A selector resolved in the schema.

    Attributes:
        component: the component it starts with, None for the table itself.
        hops: foreign keys followed, in order.
        table: the table that holds the field.
        field: the field compared.
    """

    component: Component | None
    hops: tuple[Hop, ...]
    table: Table
    field: Field


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SUFFIX = re.compile(r"__([a-z]+)$")
_NULL = ("NONE", "None")
_LONGEST_SHOWN = 300
_ESCAPED = re.compile(r'(?<!\\)(\\*)"')
_NEEDS_QUOTES = re.compile(r'[",]|^\s|\s$')
# Characters with another meaning in a query string or at a line end.
_MISREAD = re.compile("[%&+\x00-\x1f\x7f\x85\u2028\u2029]")


# --- reading and writing ------------------------------------------------------------------------------------


def is_filter(name: str) -> bool:
    """Return whether a URL variable is a filter: ``[table]...`` or a plain name with a dot."""
    return name.startswith("[") or ("." in name and not name.startswith(("_", "$")))


def parse_filter(name: str, value: str) -> Filter:
    """Read a filter from a URL variable.

    Args:
        name: name of the variable, percent-decoded.
        value: value of the variable, percent-decoded.

    Raises:
        FilterError: the filter cannot be read, or is larger than any database takes.
    """
    check_length(name, value)
    table: str | None = None
    rest = name
    if name.startswith("["):
        bracketed, closing, rest = name[1:].partition("]")
        if not closing:
            raise FilterError(f"The filter {shown(name)} has no closing bracket.")
        if bracketed not in ("", "~"):
            if not _NAME.fullmatch(bracketed):
                raise FilterError(f"The filter {shown(name)} does not name a table in its brackets.")
            table = bracketed
    negate = rest.endswith("!")
    rest = rest.rstrip("!")
    operator = Operator.EQ
    match = _SUFFIX.search(rest)
    if match is not None:
        operator = _operator(match[1], name)
        rest = rest[: match.start()]
    selectors = tuple(_selector(each, name) for each in rest.split("|") if each)
    if not selectors:
        raise FilterError(
            f"The filter {shown(name)} does not name a field.", hint="Write it as ~.field=value."
        )
    values = tuple(_values(value))
    check_counts(name, max(len(each.path) for each in selectors) - 1, len(selectors), values)
    return Filter(table, selectors, operator, values, negate)


def parse_filter_string(text: str, table: str | None = None) -> list[Filter]:
    """Read the filters of a task as an administrator enters them: ``~.name__like=A*&~.obsolete=false``.

    Args:
        text: filters joined by ``&``, percent-encoding optional.
        table: the table that they filter, None for the main table.

    Raises:
        FilterError: one of them cannot be read.
    """
    check_length("", text)
    found = []
    for part in text.strip().lstrip("?").split("&"):
        if not part.strip():
            continue
        pairs = parse_qsl(part.strip(), keep_blank_values=True)
        if "=" not in part or not pairs:
            raise FilterError(f"The filter {shown(part)} has no value.", hint="Write it as ~.field=value.")
        parsed = parse_filter(*pairs[0])
        if parsed.table is None:
            parsed = Filter(table, parsed.selectors, parsed.operator, parsed.values, parsed.negate)
        found.append(parsed)
    return found


def write_filter(filter: Filter) -> tuple[str, str]:
    """Return name and value of the URL variable, not percent-encoded: the inverse of ``parse_filter``."""
    name = f"[{filter.table or '~'}]{'|'.join(map(str, filter.selectors))}"
    if filter.operator is not Operator.EQ:
        name += f"__{filter.operator.value}"
    if filter.negate:
        name += "!"
    return name, ",".join(map(_written, filter.values))


def filter_text(filter: Filter) -> str:
    """Return a filter as a person reads and enters it: ``~.name__like=A*``.

    Only characters that would be misread are percent-encoded; ``parse_filter_string`` reads the text back.
    """
    name, value = write_filter(filter)
    text = f"{name[3:] if filter.table is None else name}={value}"
    return _MISREAD.sub(lambda found: quote(found[0]), text)


def to_query(filters: Iterable[Filter]) -> str:
    """Return filters as part of a query string; like in Eden, brackets, tildes and commas are not encoded."""
    pairs = map(write_filter, filters)
    return "&".join(f"{quote(name, safe='[]~.$|!')}={quote(value, safe='~:,*')}" for name, value in pairs)


def _operator(name: str, whole: str) -> Operator:
    try:
        return Operator(name)
    except ValueError:
        known = ", ".join(each.value for each in Operator)
        raise FilterError(
            f"The filter {shown(whole)} has the unknown operator {shown(name)}.", hint=f"Use one of {known}."
        ) from None


def _selector(text: str, whole: str) -> Selector:
    alias, dot, rest = text.partition(".")
    if not dot:
        raise FilterError(
            f"The filter {shown(whole)} has a field without a dot: {shown(text)}.",
            hint=f"Write ~.{shown(text)} for a field of the table itself, alias.field for a component's.",
        )
    path = tuple(rest.split("$"))
    if not all(map(_NAME.fullmatch, path)) or not (alias == "~" or _NAME.fullmatch(alias)):
        raise FilterError(
            f"The filter {shown(whole)} cannot be read: {shown(text)} is no field.",
            hint="Write ~.field, alias.field or ~.foreign_key$field.",
        )
    return Selector(alias, path)


def _values(text: str) -> Iterable[str | None]:
    position = 0
    while True:
        if text.startswith('"', position):
            value, position = _quoted(text, position + 1)
            end = text.find(",", position)
            # Text after the closing quote belongs to the value; there should be none.
            value += text[position:] if end < 0 else text[position:end]
            yield value
        else:
            end = text.find(",", position)
            plain = text[position:] if end < 0 else text[position:end]
            yield None if plain in _NULL else plain
        if end < 0:
            return
        position = end + 1


def _quoted(text: str, position: int) -> tuple[str, int]:
    """Return the quoted value that begins at a position, and the position after its closing quote."""
    parts: list[str] = []
    for match in _ESCAPED.finditer(text, position):
        backslashes = len(match[1])
        parts += (text[position : match.start()], "\\" * (backslashes // 2))
        position = match.end()
        if backslashes % 2 == 0:
            return "".join(parts), position
        parts.append('"')
    return "".join(parts) + text[position:], len(text)


def _written(value: str | None) -> str:
    if value is None:
        return "NONE"
    if value and value not in _NULL and not _NEEDS_QUOTES.search(value):
        return value
    escaped = _ESCAPED.sub(r'\1\1\\"', value)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f'"{escaped}{escaped[len(escaped) - trailing :]}"'


# --- checking -----------------------------------------------------------------------------------------------


def validate(filter: Filter, schema: Schema, table: Table) -> tuple[Path, ...]:
    """Resolve the fields of a filter in the schema and check its values.

    Args:
        filter: the filter.
        schema: tables of this site.
        table: the main table of the exchange.

    Returns:
        One path for each selector.

    Raises:
        FilterError: it names a table, component or field that does not exist, or has a value that cannot be read.
    """
    start = table
    if filter.table is not None and filter.table != table.name:
        try:
            start = schema.table(filter.table)
        except (UnknownResource, ProtectedResource):
            raise FilterError(
                f"The filter {filter} names the table {filter.table}, which is not here."
            ) from None
    paths = tuple(_resolve(each, filter, schema, start) for each in filter.selectors)
    for path in paths:
        typed_values(filter, path.field)
    return paths


def _resolve(selector: Selector, filter: Filter, schema: Schema, start: Table) -> Path:
    table, component = start, None
    if selector.alias not in ("~", start.resource):
        component = start.components.get(selector.alias)
        found = schema.get(component.table) if component is not None else None
        if found is None:
            known = ", ".join(sorted(start.components)) or "none"
            raise FilterError(
                f"The filter {filter} names {selector.alias}, which is no component of {start.name}.",
                hint=f"Write ~ for the table itself; its components are: {known}.",
            )
        table = found
    hops: list[Hop] = []
    for name in selector.path[:-1]:
        field = _field(name, filter, table)
        target = schema.get(field.target) if field.target is not None else None
        if target is None:
            raise FilterError(
                f"The filter {filter} follows {name}, which refers to no table that is exchanged."
            )
        hops.append(Hop(field, target))
        table = target
    return Path(component, tuple(hops), table, _field(selector.path[-1], filter, table))


def _field(name: str, filter: Filter, table: Table) -> Field:
    field = table.fields.get(name)
    if field is None or field.kind in ("password", "blob"):
        raise FilterError(f"The filter {filter} names {name}, which is no field of {table.name}.")
    return field


# --- values -------------------------------------------------------------------------------------------------

_ELEMENT_KINDS: dict[str, str] = {
    "list:string": "string",
    "list:integer": "bigint",
    "list:reference": "bigint",
    "reference": "bigint",
    "id": "bigint",
    "integer": "bigint",
    "json": "text",
    "jsonb": "text",
    "upload": "string",
}


def typed_values(filter: Filter, field: Field) -> tuple[Any, ...]:
    """Return the values of a filter as Python values of the field's type, None for NULL.

    The values of ``like`` stay text with wildcards. References are compared by their key at this site.

    Raises:
        FilterError: a value cannot be read, or the operator does not fit it.
    """
    if not all(value is None or is_legal(value) for value in filter.values):
        raise FilterError(f"The filter on {field.name} has a value with characters that no record can hold.")
    if filter.operator is Operator.LIKE:
        if None in filter.values:
            raise FilterError(f"The filter {filter} compares a pattern with NONE.", hint="Leave out __like.")
        return filter.values
    kind = _ELEMENT_KINDS.get(field.kind, field.kind)
    read = reader(Field(field.name, field.type if kind == "decimal" else kind, kind, notnull=True))
    typed: list[Any] = []
    for value in filter.values:
        if value is None or kind in ("string", "text"):
            typed.append(value)
            continue
        try:
            result = read(value, None)
        except ValueError as error:
            raise FilterError(
                f"The filter {filter} has a value that does not fit {field.name}: {error}."
            ) from None
        if result is ABSENT:
            raise FilterError(
                f"The filter {filter} has an empty value, but {field.name} is of the type {field.type}.",
                hint="Write NONE for fields that are not set.",
            )
        typed.append(result)
    if None in typed and filter.operator in (Operator.LT, Operator.LE, Operator.GT, Operator.GE):
        raise FilterError(f"The filter {filter} asks for more or less than NONE.")
    return tuple(typed)
