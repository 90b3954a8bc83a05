"""What is written is read back exactly: by us for every value, by an Eden wherever it can hold the value."""

from __future__ import annotations

import json
import math
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from s3sync.core.schema import Field
from s3sync.wire.values.datetimes import write_datetime, write_datetimes
from s3sync.wire.values.reading import reader
from s3sync.wire.values.writing import column_writer, writer
from s3sync.wire.xml_text import escape_attr, escape_attrs, escape_text, escape_texts

settings.register_profile("quick", max_examples=100, deadline=None)
settings.load_profile("quick")

# Any text but NUL and halves of surrogate pairs, which databases do not store.
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)
odd_texts = st.sampled_from(
    ["null", "None", "1.50", "0123", '"quoted"', "&amp;", "&lt;b&gt;", " lead", "a\r\nb", "\t", "🚑", "‎عربي",
     "]]>", "\\u0041", "true", "[1]", '"', "\\", "\x0b", "\x7f\x85\u2028", "\ufffe"]
)  # fmt: skip
strings = st.one_of(texts, odd_texts)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), strings
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(strings, inner, max_size=4)),
    max_leaves=12,
)
datetimes = st.datetimes().map(lambda moment: moment.replace(microsecond=0))

KINDS: dict[str, Any] = {
    "string": strings,
    "text": strings,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "decimal": st.decimals(-99999999, 99999999, places=2),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": datetimes,
    "time": st.times().map(lambda moment: moment.replace(microsecond=0)),
    "json": documents.filter(lambda value: value is not None),
    "list:string": st.lists(strings, max_size=4),
    "list:integer": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4),
}


def field(kind: str, represented: bool = False) -> Field:
    return Field("f", "decimal(10,2)" if kind == "decimal" else kind, kind, represented=represented)


def through_a_document(text: str) -> tuple[str | None, str | None]:
    parser = etree.XMLParser(remove_blank_text=True)
    root = etree.fromstring(f"<resource>{text}</resource>".encode(), parser)
    return root[0].get("value"), root[0].text


@pytest.mark.parametrize("represented", [False, True])
@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_decode_of_encode_is_the_value(kind: str, represented: bool, data: st.DataObject) -> None:
    value = data.draw(KINDS[kind])
    result = reader(field(kind, represented))(*through_a_document(writer(field(kind, represented))(value)))
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize("kind", ["date", "datetime", "time"])
@given(data=st.data())
def test_the_iso_text_of_a_database_is_written_like_the_value(kind: str, data: st.DataObject) -> None:
    value = data.draw(KINDS[kind])
    text = value.isoformat(" ") if kind == "datetime" else value.isoformat()
    assert writer(field(kind))(text) == writer(field(kind))(value)


@pytest.mark.parametrize("represented", [False, True])
@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_a_column_is_written_like_its_values(kind: str, represented: bool, data: st.DataObject) -> None:
    values = data.draw(st.lists(KINDS[kind], min_size=1, max_size=6))
    pieces = column_writer(field(kind, represented))(values)
    written = [
        "".join(piece if isinstance(piece, str) else piece[at] for piece in pieces)
        for at in range(len(values))
    ]
    assert written == list(map(writer(field(kind, represented)), values))


@given(st.lists(st.one_of(st.text(max_size=20), odd_texts)))
def test_texts_are_escaped_together_like_one_by_one(values: list[str]) -> None:
    assert list(escape_texts(values)) == list(map(escape_text, values))
    assert list(escape_attrs(values)) == list(map(escape_attr, values))


@given(st.lists(st.one_of(datetimes, datetimes.map(str), datetimes.map(datetime.isoformat), strings)))
@example(["2026-03-01T12:00:00", "2026-03-01 12:00:00"])
@example(["2026-03-01 12:00:00", "2026-12-01 12:00:07"])
@example(["2026-03-01 12:00:00", "nineteen a n d more"])
@example(["2026-03-01T12:00:00", "nineteen characters"])
def test_moments_are_written_together_like_one_by_one(values: list[datetime | str]) -> None:
    assert list(write_datetimes(values)) == list(map(write_datetime, values))


def as_eden_reads(kind: str, value: str | None, text: str | None) -> Any:
    """What a classic Eden makes of a <data> element (facts 48 to 56 of the observed format)."""
    is_text = kind in ("string", "text")
    decode = True
    if value is None:
        decode = not is_text and kind != "json"
        value = unescape(text, {"&apos;": "'", "&quot;": '"'}) if text else text
    if value is None and is_text:
        value = ""
    if kind in ("date", "datetime", "time", "decimal") or value is None:
        return value
    decoded: Any = value
    if value and decode:
        try:
            decoded = json.loads(value)
        except ValueError:
            decoded = value
        if decoded == math.inf:
            decoded = value
    return decoded if isinstance(decoded, (str, list, bool)) else str(decoded)


@pytest.mark.parametrize("represented", [False, True])
@given(strings)
@example("&amp;amp;")
@example("  ")
@example("Infinity")
def test_eden_reads_our_text(represented: bool, value: str) -> None:
    written = through_a_document(writer(field("string", represented))(value))
    assert as_eden_reads("string", *written) == value


@given(KINDS["json"])
def test_eden_reads_our_json(value: Any) -> None:
    stored = as_eden_reads("json", *through_a_document(writer(field("json"))(value)))
    assert json.loads(stored) == value


@given(KINDS["list:string"])
def test_eden_reads_our_lists(value: list[str]) -> None:
    assert as_eden_reads("list:string", *through_a_document(writer(field("list:string"))(value))) == value


@given(KINDS["double"])
def test_eden_reads_our_numbers(value: float) -> None:
    assert float(as_eden_reads("double", *through_a_document(writer(field("double"))(value)))) == value


@given(st.decimals(-99999999, 99999999, places=2))
def test_eden_reads_our_decimals(value: Decimal) -> None:
    written = as_eden_reads("decimal", *through_a_document(writer(field("decimal"))(value)))
    assert Decimal(written) == value
    assert "E" not in written


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(st.one_of(st.none(), strings), st.one_of(st.none(), strings))
def test_a_reader_returns_or_complains_but_never_breaks(
    kind: str, value: str | None, text: str | None
) -> None:
    try:
        result = reader(field(kind))(value, text)
    except ValueError as error:
        assert str(error)
    else:
        assert result != "None" or "None" in (value or "") + (text or "")
