"""Tables of spreadsheet programs are written and read row by row; what strangers send is looked at first."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.wire.tables import xlsx_table as xlsx_table
from s3sync.wire.tables.cells import Cell, TableError
from s3sync.wire.tables.xlsx_table import read, write

pytestmark = pytest.mark.skipif(not xlsx_table.is_possible(), reason="openpyxl is not installed")


def written(rows: list[list[Cell]]) -> bytes:
    out = io.BytesIO()
    write(out, rows)
    return out.getvalue()


def rows_of(text: bytes) -> list[list[str]]:
    return list(read(io.BytesIO(text)))


def as_excel(*rows: list[Any]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(text: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(text)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, content if each == name else old.read(each))
    return out.getvalue()


def test_what_is_written_is_read_again() -> None:
    rows: list[list[Cell]] = [["Name", "Number"], ["Résumé\nof =1", 7], ["=1+1", -3.5], ["", 1], ["0049", ""]]
    assert rows_of(written(rows)) == [
        ["Name", "Number"], ["Résumé\nof =1", "7"], ["=1+1", "-3.5"], ["", "1"], ["0049"]
    ]  # fmt: skip


def test_a_text_is_no_formula_for_the_program() -> None:
    text = written([["Name"], ['=HYPERLINK("http://example.org")']])
    with zipfile.ZipFile(io.BytesIO(text)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_what_programs_write_is_understood() -> None:
    text = as_excel(
        ["Name", None, "When"], [], ["A", True, datetime(2026, 12, 31, 10, 20)], [7.0, 1.5, date(2026, 1, 2)]
    )
    assert rows_of(text) == [
        ["Name", "", "When"],
        ["A", "yes", "2026-12-31 10:20:00"],
        ["7", "1.5", "2026-01-02"],
    ]


@pytest.mark.parametrize("text", [b"PK\x03\x04", b"PK\x03\x04" + bytes(100), b""])
def test_what_is_no_table_is_refused(text: bytes) -> None:
    with pytest.raises(TableError, match="no table of a spreadsheet program"):
        rows_of(text)


def test_an_archive_of_something_else_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("holiday.txt", "x")
    with pytest.raises(TableError):
        rows_of(out.getvalue())


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'


@pytest.mark.parametrize("content", [BOMB, BOMB.decode().encode("utf-16")])
@pytest.mark.parametrize("name", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_xml_that_grows_is_refused_before_it_is_read(name: str, content: bytes) -> None:
    with pytest.raises(TableError, match="no spreadsheet program writes"):
        rows_of(changed(as_excel(["Name"], ["A"]), name, content))


def test_an_archive_that_grows_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = changed(as_excel(["Name"], ["A"]), "xl/worksheets/sheet1.xml", b"<a>" + b" " * 2_000_000 + b"</a>")
    monkeypatch.setattr(xlsx_table, "MOST_BYTES", 1_000_000)
    with pytest.raises(TableError, match="too large"):
        rows_of(text)


SHEET = "xl/worksheets/sheet1.xml"


def sheet(*rows: tuple[int, str]) -> bytes:
    cells = "".join(
        f'<row r="{number}"><c t="inlineStr"><is><t>{text}</t></is></c></row>' for number, text in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'.encode()


@pytest.mark.parametrize("number", [xlsx_table.LAST_ROW + 1, 10**12])
def test_a_row_beyond_all_sheets_is_refused_before_those_between_are_gone_through(number: int) -> None:
    # 10**12 of them would take months.
    with pytest.raises(TableError, match="rows"):
        rows_of(changed(as_excel(["Name"]), SHEET, sheet((1, "Name"), (number, "A"))))


def test_rows_without_anything_may_reach_to_the_end_of_a_sheet() -> None:
    """Some programs write the last row for the sake of its height."""
    text = changed(as_excel(["Name"]), SHEET, sheet((1, "Name"), (2, "A"), (xlsx_table.LAST_ROW, "")))
    assert rows_of(text) == [["Name"], ["A"]]
    text = changed(as_excel(["Name"]), SHEET, sheet((1, "Name"), (xlsx_table.LAST_ROW, "A")))
    with pytest.raises(TableError, match="rows"):
        rows_of(text)


def as_part(name: str, kind: str, content: bytes) -> bytes:
    """Return a table with one more part."""
    text = as_excel(["Name"], ["A"])
    with zipfile.ZipFile(io.BytesIO(text)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    kind = f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"
    types = types.replace("</Types>", f'<Override PartName="/{name}" ContentType="{kind}"/></Types>')
    out = io.BytesIO(changed(text, "[Content_Types].xml", types.encode()))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "is_taken"),
    [
        ("xl/worksheets/sheet7.xml", "worksheet", True),
        ("xl/worksheets/sheet7.xml", "sharedStrings", False),
        ("xl/media/picture.png", "sharedStrings", False),
        ("xl/strings2.xml", "sharedStrings", False),
        ("xl/theme/theme7.xml", "worksheet", False),
        ("xl/other.xml", "unknown", False),
    ],
)
def test_only_sheets_may_be_large_whatever_parts_are_called(
    name: str, kind: str, is_taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_table, "MOST_OF_A_PART", 100_000)
    text = as_part(name, kind, b"<sst>" + b" " * 200_000 + b"</sst>")
    if is_taken:
        assert rows_of(text) == [["Name"], ["A"]]
        return
    with pytest.raises(TableError, match="too large"):
        rows_of(text)


def test_styles_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_table, "MOST_OF_STYLES", 100_000)
    with pytest.raises(TableError, match="too large"):
        rows_of(changed(as_excel(["Name"]), "xl/styles.xml", b"<a>" + b" " * 200_000 + b"</a>"))


def test_without_the_library_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = as_excel(["Name"])
    monkeypatch.setattr(xlsx_table, "is_possible", lambda: False)
    with pytest.raises(TableError, match="openpyxl"):
        rows_of(text)


def test_memory_stays_flat() -> None:
    def rows() -> Iterator[list[Cell]]:
        yield ["Name", "Number"]
        for number in range(3000):
            yield [f"Name {number}", number]

    out = io.BytesIO()
    write(out, [["warm"]])
    tracemalloc.start()
    write(out, rows())
    out.seek(0)
    assert sum(1 for _ in read(out)) == 3001
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3 * 1024 * 1024


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8), max_size=4))
def test_any_text_comes_back(texts: list[str]) -> None:
    stripped = [
        each.strip() for each in texts if each.strip() and "\ufffe" not in each and "\uffff" not in each
    ]
    stripped = [each for each in stripped if not each.startswith("'")]
    assert rows_of(written([["Name"], *([each] for each in stripped)]))[1:] == [[each] for each in stripped]
