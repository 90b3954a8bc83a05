"""Documents of S3XML as tables: a row a record of one table, a column a field, the identifier first.

A record that another one refers to is a cell with its identifier, and has to be here.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

from ...core.errors import DocumentError
from ..s3xml import DocumentLimits, DocumentReader
from ..values.reading import parse_json
from .cells import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, TableError
from .feature_table import IDENTIFIER


def read(source: BinaryIO, table: str, most: int) -> Generator[list[str], None, None]:
    """Return the rows of a document, headings first. It is read twice: each record may have fields of its own.

    Args:
        source: the document, seekable, at its beginning.
        table: name of the table whose records are taken.
        most: maximum bytes.

    Raises:
        TableError: it is no document, has no such records, or is beyond the limits (see ``cells``).
    """
    limits = DocumentLimits(max_bytes=most)
    try:
        names: dict[str, None] = {}
        for count, record in enumerate(_records(source, table, limits), 1):
            names.update(dict.fromkeys(name for name, _ in _cells(record)))
            if count > MOST_ROWS:
                raise TableError(f"more than {MOST_ROWS} records")
        if len(names) > MOST_COLUMNS - 1:
            raise TableError(f"its records have more than {MOST_COLUMNS - 1} fields")
        source.seek(0)
        yield [IDENTIFIER, *names]
        for record in _records(source, table, limits):
            cells = dict(_cells(record))
            yield [record.get("uuid") or "", *(cells.get(name, "")[:LONGEST_CELL] for name in names)]
    except DocumentError as error:
        raise TableError(error.message.rstrip(".")) from error


def _records(source: BinaryIO, table: str, limits: DocumentLimits) -> Iterator[Any]:
    for element in DocumentReader(source, limits):
        if element.get("name") == table and element.get("deleted") != "True":
            yield element


def _cells(record: Any) -> Iterator[tuple[str, str]]:
    for child in record:
        name = str(child.get("field") or "")
        if child.tag == "data" and name:
            yield name, _text(child)
        elif child.tag == "reference" and name and child.get("uuid"):
            yield name, str(child.get("uuid"))


def _text(element: Any) -> str:
    """Return the value of a field as a cell has it: what JSON says, or the text."""
    told = element.get("value")
    if told is None:
        return (element.text or "").strip()
    try:
        value = parse_json(told)
    except ValueError:
        return str(told)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
