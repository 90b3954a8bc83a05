"""CSV as the programs of people write it is read; what is written runs nothing, and comes back as it was."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.wire.tables.cells import LONGEST_CELL, MOST_COLUMNS, TableError, guarded, unguarded
from s3sync.wire.tables.csv_table import read, write

ROWS = [["Name", "Telephone"], ['Résumé, "quoted"\nand a line', "+49 30 1234"], ["=1+1", "-3.5"]]


def rows_of(text: bytes) -> list[list[str]]:
    return list(read(io.BytesIO(text)))


def csv_of(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    write(out, rows)
    return out.getvalue()


def test_what_is_written_is_read_again() -> None:
    text = csv_of(ROWS)
    assert text.startswith(b"\xef\xbb\xbfName,Telephone\r\n")
    assert b"'=1+1,-3.5" in text and b"'+49 30" in text, "a program would run these"
    assert rows_of(text) == ROWS


@pytest.mark.parametrize(
    "text", [" =1+1", "\n=1+1", " \t@SUM(1)", "\u00a0+A1", "\uff1d1+1", " \uff0b1", "\uff201", "\uff0d1"]
)
def test_what_a_program_would_take_for_a_formula_after_blanks_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}" and unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["a;=1+1", "a\t=1+1"])
def test_a_text_stays_one_cell_for_a_program_with_another_delimiter(text: str) -> None:
    assert f'"{text}"'.encode() in csv_of([["Name", "Place"], [text, "x"]])
    assert rows_of(csv_of([["Name", "Place"], [text, "x"]]))[1] == [text, "x"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_ways_of_other_programs_are_understood(delimiter: str, encoding: str, end: str) -> None:
    lines = [delimiter.join(("Näme", '"Place, or; both"', "x")), delimiter.join(("Zoë", "Köln", "1"))]
    text = (end.join(lines) + end + end).encode(encoding)
    assert rows_of(text) == [["Näme", "Place, or; both", "x"], ["Zoë", "Köln", "1"]]


def test_what_is_no_table_is_refused_with_a_reason() -> None:
    for text in (b"\x00\x01\x02", b"PK\x03\x04\x00\x00", b"\xff\xfe\x00"):
        with pytest.raises(TableError):
            rows_of(text)
    with pytest.raises(TableError, match="columns"):
        rows_of(b"," * MOST_COLUMNS)
    with pytest.raises(TableError, match="characters"):
        rows_of(b"x" * (LONGEST_CELL + 1))


def test_a_file_without_anything_has_no_rows() -> None:
    assert rows_of(b"") == rows_of(b"\n\n , ,\n") == []


@given(st.text(max_size=20))
def test_a_guard_is_taken_away_again(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(st.text(alphabet="=+-@'\t\r\n＝1.,e a", max_size=8))
def test_nothing_that_is_guarded_begins_like_a_formula(text: str) -> None:
    found = guarded(text)
    assert not found.startswith(("=", "@", "\t", "\r")) and unguarded(found) == text


cell = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12).map(
    lambda text: " ".join(text.split())
)


@given(st.lists(st.lists(cell, min_size=2, max_size=4).filter(any), min_size=1, max_size=6))
def test_any_table_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    table = [["Name", "B;b", "C\tc", "D"], *rows]
    assert rows_of(csv_of(table))[1:] == rows
