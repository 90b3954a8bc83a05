"""Tables as CSV (RFC 4180): written in UTF-8 with a mark that Excel needs, read as programs of people write them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Generator, Iterable
from typing import BinaryIO

from .cells import LONGEST_CELL, Cell, TableError, checked_row, guarded

#: The delimiters that programs use, depending on the language of the computer.
DELIMITERS = ",;\t"
#: Bytes that are looked at to find out how a file is written.
LOOKED_AT = 64 * 1024
_QUOTE, _NOTHING = '"', '""'
_QUOTED = re.compile(r'[",;\t\r\n]')
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def write(out: BinaryIO, rows: Iterable[Iterable[Cell]]) -> None:
    """Write a table as CSV.

    Args:
        out: where to.
        rows: the rows, headings first.
    """
    out.write(codecs.BOM_UTF8)
    append(out, rows)


def append(out: BinaryIO, rows: Iterable[Iterable[Cell]]) -> None:
    """Write further rows behind those that are there."""
    for row in rows:
        line = ",".join([_written(each) if isinstance(each, str) else str(each) for each in row])
        # A line without anything is no row.
        out.write(f"{line or _NOTHING}\r\n".encode())


def _written(text: str) -> str:
    """Return a text as it stands in the file, in quotes also where a program would divide it by another delimiter."""
    text = guarded(text)
    return f'"{text.replace(_QUOTE, _QUOTE * 2)}"' if _QUOTED.search(text) else text


def read(source: BinaryIO) -> Generator[list[str], None, None]:
    """Return the rows of a CSV file that are not empty, headings first.

    Args:
        source: the file, seekable, at its beginning.

    Raises:
        TableError: it is no text, or beyond the limits (see ``cells``).
    """
    encoding = _encoding(source)
    text = io.TextIOWrapper(source, encoding, errors="strict", newline="")
    try:
        beginning = text.read(LOOKED_AT)
        text.seek(0)
        if "\0" in beginning:
            raise TableError("it is no text")
        csv.field_size_limit(LONGEST_CELL * 4)
        reader = csv.reader(text, delimiter=_delimiter(beginning))
        for number, row in enumerate(reader, 1):
            cells = checked_row(row, number)
            if any(cells):
                yield cells
    except UnicodeDecodeError as error:
        raise TableError(f"it is no text in {encoding}") from error
    except csv.Error as error:
        raise TableError(str(error)) from error
    finally:
        text.detach()


def _encoding(source: BinaryIO) -> str:
    """Return how a file is written: UTF-8 if all of it can be that, else as Windows writes western languages."""
    beginning = source.read(4)
    source.seek(0)
    for mark, name in _MARKS:
        if beginning.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := source.read(LOOKED_AT):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        source.seek(0)
    return "utf-8"


def _delimiter(beginning: str) -> str:
    """Return the delimiter that the first line has most often outside quotes."""
    counts = dict.fromkeys(DELIMITERS, 0)
    quoted = False
    for letter in beginning:
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "\r\n":
            break
        elif not quoted and letter in counts:
            counts[letter] += 1
    return max(DELIMITERS, key=lambda each: counts[each])
