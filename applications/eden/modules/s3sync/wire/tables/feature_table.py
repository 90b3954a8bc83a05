"""Files of features (GeoJSON) as tables: a row a feature, a column a property; identifier and geometry come first."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, BinaryIO

from ..geo.features import Feature, FeatureError
from ..geo.features import read as features
from ..geo.wkt import number
from .cells import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, TableError

IDENTIFIER, GEOMETRY = "uuid", "geometry"
_BLANK = b" \t\r\n\xef\xbb\xbf"


def is_one(beginning: bytes) -> bool:
    """Return whether a file that begins so is JSON: no table of people begins with a brace."""
    return beginning.lstrip(_BLANK)[:1] == b"{"


def read(source: BinaryIO) -> Generator[list[str], None, None]:
    """Return the rows of a file, headings first. It is read twice: each feature may have properties of its own.

    Args:
        source: the file, seekable, at its beginning.

    Raises:
        TableError: it is no file of features, or beyond the limits (see ``cells``).
    """
    try:
        names: dict[str, None] = {}
        for count, each in enumerate(features(source), 1):
            names.update(dict.fromkeys(each.properties))
            if len(names) > MOST_COLUMNS - 2:
                raise TableError(f"its features have more than {MOST_COLUMNS - 2} properties")
            if count > MOST_ROWS:
                raise TableError(f"more than {MOST_ROWS} features")
        source.seek(0)
        yield [IDENTIFIER, GEOMETRY, *names]
        for count, each in enumerate(features(source), 1):
            yield [
                _identifier(each),
                _geometry(each),
                *(_cell(each.properties.get(name), count) for name in names),
            ]
    except FeatureError as error:
        raise TableError(str(error)) from error


def _identifier(feature: Feature) -> str:
    """Return the identifier of a feature; a program for maps numbers its features, and that is none of a record."""
    found = feature.identifier
    return found if isinstance(found, str) and not found.isdigit() else ""


def _geometry(feature: Feature) -> str:
    return "" if feature.geometry is None else json.dumps(feature.geometry, separators=(",", ":"))


def _cell(value: Any, row: int) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
    elif isinstance(value, float):
        text = number(value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST_CELL:
        raise TableError(f"feature {row} has a text of more than {LONGEST_CELL} characters")
    return text
