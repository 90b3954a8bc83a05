"""Tables of spreadsheet programs (.xlsx, ECMA-376), row by row in both directions: no sheet is ever in memory.

What is read comes from strangers: the archive is looked at before the library opens it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Generator, Iterable
from datetime import date, datetime, time
from importlib.util import find_spec
from typing import Any, BinaryIO
from xml.etree import ElementTree

from .cells import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, Cell, TableError, checked_row

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: How a file of this kind begins: it is a ZIP archive.
MAGIC = b"PK\x03\x04"
#: Limits of what is in the archive: files, and bytes of all of them.
MOST_FILES, MOST_BYTES = 1000, 512 * 1024 * 1024
#: Bytes of a part that is no sheet: the library reads it at once. Of the styles it makes many objects besides.
MOST_OF_A_PART, MOST_OF_STYLES = 32 * 1024 * 1024, 4 * 1024 * 1024
#: The last row that a sheet can have (ECMA-376 leaves it open; programs agree on it).
LAST_ROW = 1_048_576
SHEETS, STYLES, TYPES = "xl/worksheets/", "xl/styles.xml", "[Content_Types].xml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
#: What XML 1.0 cannot hold.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Bytes at the beginning of an XML file in which a declaration of its own would be.
_LOOKED_AT = 4096
WIDEST = 40
#: A row that is not in the file, although later ones are.
_EMPTY = (None,) * (MOST_COLUMNS + 1)


def is_possible() -> bool:
    """Return whether the library is installed."""
    return find_spec("openpyxl") is not None


def write(out: BinaryIO, rows: Iterable[Iterable[Cell]]) -> None:
    """Write a table; texts are texts, whatever they begin with.

    Args:
        out: where to.
        rows: the rows, headings first.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.freeze_panes = "A2"
    waiting = iter(rows)
    headings = [_text(str(each)) for each in next(waiting, [])]
    for number, each in enumerate(headings, 1):
        sheet.column_dimensions[get_column_letter(number)].width = min(WIDEST, len(each) + 10)
    bold = Font(bold=True)

    def cell(value: Cell, is_heading: bool = False) -> Any:
        if not isinstance(value, str):
            return value
        text = _text(value)
        if not (is_heading or text.startswith("=")):
            return text
        found = WriteOnlyCell(sheet, text)
        # A text that begins like a formula is a text.
        found.data_type = "s"
        if is_heading:
            found.font = bold
        return found

    sheet.append([cell(each, True) for each in headings])
    for row in waiting:
        sheet.append([cell(each) for each in row])
    book.save(out)


def read(source: BinaryIO) -> Generator[list[str], None, None]:
    """Return the rows of the first sheet that are not empty, headings first.

    Args:
        source: the file, seekable, at its beginning.

    Raises:
        TableError: it is none, or beyond the limits (see ``cells``).
    """
    if not is_possible():
        raise TableError("XLSX needs the package openpyxl, which is not installed; save it as CSV")
    _checked_archive(source)
    source.seek(0)
    from openpyxl import load_workbook

    try:
        book = load_workbook(source, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        # What a sheet says of its own size may be wrong.
        sheet.reset_dimensions()
        rows = sheet.iter_rows(max_row=LAST_ROW + 1, max_col=MOST_COLUMNS + 1, values_only=True)
        for number, row in enumerate(rows, 1):
            if number > LAST_ROW:
                raise TableError(f"more than {MOST_ROWS} rows")
            if row == _EMPTY:
                continue
            cells = [_told(each) for each in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                yield checked_row(cells, number)
        book.close()
    except TableError:
        raise
    except Exception as error:
        # The library raises whatever happens to it in a file that is not as it should be.
        raise TableError(f"it is no table of a spreadsheet program ({type(error).__name__})") from error


def _checked_archive(source: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            files = archive.infolist()
            if len(files) > MOST_FILES or sum(each.file_size for each in files) > MOST_BYTES:
                raise TableError("what is in it is too large")
            declared = _declared(archive)
            for each in files:
                name, kinds = each.filename, declared.get(each.filename, set())
                is_sheet = name.startswith(SHEETS) and kinds == {_SHEET}
                is_read = bool(kinds) or name.endswith((".xml", ".rels"))
                most = MOST_OF_STYLES if name == STYLES else MOST_OF_A_PART
                if is_read and not is_sheet and each.file_size > most:
                    raise TableError("what is in it is too large")
                if is_read:
                    with archive.open(each) as text:
                        _checked_xml(text.read(_LOOKED_AT))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise TableError("it is no table of a spreadsheet program") from error


def _declared(archive: zipfile.ZipFile) -> dict[str, set[str]]:
    """Return name of a part -> what it is said to be; the library goes by that, not by the name."""
    if TYPES not in archive.namelist():
        return {}
    if archive.getinfo(TYPES).file_size > MOST_OF_STYLES:
        raise TableError("what is in it is too large")
    text = archive.read(TYPES)
    _checked_xml(text)
    found: dict[str, set[str]] = {}
    try:
        for each in ElementTree.fromstring(text).iter(_OVERRIDE):
            found.setdefault(each.get("PartName", "")[1:], set()).add(each.get("ContentType", ""))
    except ElementTree.ParseError as error:
        raise TableError("it is no table of a spreadsheet program") from error
    return found


def _checked_xml(beginning: bytes) -> None:
    """Refuse XML with declarations of its own, by which a small file becomes a large one, and what could hide them."""
    if b"\x00" in beginning or b"<!" in beginning.replace(b"<!--", b""):
        raise TableError("it holds what no spreadsheet program writes")


def _told(value: Any) -> str:
    """Return the value of a cell as its text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _text(text: str) -> str:
    return _ILLEGAL.sub("", text)[:LONGEST_CELL]
