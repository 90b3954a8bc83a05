"""The values of fields as texts of cells, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gluon import current
from gluon.html import XmlComponent
from gluon.validators import IS_IN_SET

from s3sync.wire.tables.cells import Cell

from ..data_model.represent import NONE, ReferenceLabel

#: Times of a table are UTC.
TIME, DAY = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"
_TIMES = (TIME, "%Y-%m-%d %H:%M", DAY, "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


class CellError(ValueError):
    """A text is no value of its field; the text says why, for a person."""


def text_of(field: Any, value: Any) -> str:
    """Return a stored value as the text of a cell.

    Args:
        field: the field.
        value: the value.
    """
    if value is None or value == "" or value == []:
        return ""
    if field.type == "boolean":
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime(TIME)
    if field.type == "upload":
        return str(value)
    if field.represent:
        shown = (
            field.represent(value)
            if isinstance(field.represent, ReferenceLabel)
            else field.represent(value, None)
        )
        text = shown.flatten() if isinstance(shown, XmlComponent) else str(shown)
        return "" if text == NONE else str(text)
    if str(field.type).startswith("list:"):
        return ", ".join(str(each) for each in value)
    return str(value)


def cell_of(field: Any, value: Any) -> Cell:
    """Return a stored value for a cell: a number stays one, unless people see something else for it."""
    is_number = field.type in ("integer", "bigint", "double", "float") and not field.represent
    return value if is_number and isinstance(value, (int, float)) else text_of(field, value)


def choices_of(field: Any) -> dict[str, str]:
    """Return the values of a field that has few, by what people call them, both as texts; empty for others."""
    requires = field.requires
    for validator in requires if isinstance(requires, (list, tuple)) else [requires]:
        inner = getattr(validator, "other", validator)
        for each in inner if isinstance(inner, (list, tuple)) else [inner]:
            if isinstance(each, IS_IN_SET):
                pairs = [(str(value), str(label)) for value, label in each.options(zero=False)]
                return {
                    **{value.casefold(): value for value, _ in pairs},
                    **{y.casefold(): x for x, y in pairs},
                }
    return {}


def stored_text(field: Any, text: str, choices: Mapping[str, str]) -> str:
    """Return the text of a cell as S3XML has it.

    Args:
        field: a field that is no reference.
        text: the text, not empty.
        choices: see ``choices_of``.

    Raises:
        CellError: it cannot be meant; what only a validator knows is found by the import.
    """
    if choices:
        found = choices.get(text.casefold())
        if found is None:
            told = {"field": field.label, "text": text}
            raise CellError(
                str(current.T("%(field)s: %(text)s is none of the values that can be chosen") % told)
            )
        return found
    if field.type in ("double", "float") or str(field.type).startswith("decimal"):
        return text.replace(",", ".") if _COMMA.fullmatch(text) else text
    if field.type in ("date", "datetime"):
        return _time(field, text)
    return text


def _time(field: Any, text: str) -> str:
    for form in _TIMES:
        try:
            found = datetime.strptime(text.replace("T", " ").rstrip("Z"), form)
        except ValueError:
            continue
        return found.strftime(DAY if field.type == "date" else "%Y-%m-%dT%H:%M:%SZ")
    told = {"field": field.label, "text": text}
    raise CellError(str(current.T("%(field)s: %(text)s is no date; write it as 2026-12-31") % told))
