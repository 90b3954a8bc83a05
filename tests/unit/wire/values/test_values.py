"""Values as they are read and written, case by case; the cases come from recordings of a real Eden."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Callable

import pytest
from lxml import etree

from s3sync.core.records import Upload
from s3sync.core.schema import Field
from s3sync.wire.values.reading import ABSENT, reader
from s3sync.wire.values.uploads import (
    is_stored_name,
    original_name,
    stored_name,
    upload_reader,
    upload_writer,
)
from s3sync.wire.values.writing import writer
from tests.support.growth import grows_no_faster_than_its_input


def field(kind: str, **more: object) -> Field:
    name = {"decimal": "decimal(10,2)"}.get(kind, kind)
    return Field("f", name, kind, **more)  # type: ignore[arg-type]


def attributes_and_text(document: str) -> tuple[str | None, str | None]:
    element = etree.fromstring(document)
    assert element.tag == "data"
    assert element.get("field") == "f"
    return element.get("value"), element.text


# --- reading: (kind, value attribute, text, result) ---------------------------------------------------------

READ = [
    # The value wins over the text, whatever that says.
    ("string", '"machine"', "person", "machine"),
    ("boolean", "false", "Yes", False),
    ("integer", "1987", "nineteen eighty-seven", 1987),
    ("double", "0.0", "0", 0.0),
    # Strings: text as it is, JSON strings decoded, anything else literally.
    ("string", None, "Fixture Relief Alliance", "Fixture Relief Alliance"),
    ("string", None, "  pad  ", "  pad  "),
    ("string", None, "AT&amp;T", "AT&amp;T"),
    ("text", '"Line 1\\nLine 2 \\u4e2d \\ud83d\\ude91 \\"q\\" &amp;"', "x", 'Line 1\nLine 2 中 🚑 "q" &amp;'),
    ("string", "not json", None, "not json"),
    ("string", "123", None, "123"),
    ("string", "true", None, "true"),
    ("string", "1.50", None, "1.50"),
    ("string", "1e5", None, "1e5"),
    ("string", "0123", None, "0123"),
    ("string", "[1, 2]", None, "[1, 2]"),
    ("string", '"null"', None, "null"),
    ("string", None, "null", "null"),
    ("string", None, "None", "None"),
    ("string", '"open', None, '"open'),
    ("string", '"a" and "b"', None, '"a" and "b"'),
    ("string", '"bad \\x escape"', None, '"bad \\x escape"'),
    ("string", '"', None, '"'),
    # NULL and empty.
    ("string", "null", "None", None),
    ("string", '""', None, ""),
    ("string", None, None, None),
    ("string", None, " \n ", None),
    ("string", "", "ignored", None),
    ("integer", "null", None, None),
    ("integer", "", "1950", ABSENT),
    ("integer", None, None, ABSENT),
    ("date", None, "", ABSENT),
    ("json", None, None, ABSENT),
    ("json", None, "null", None),
    ("json", "null", None, None),
    ("list:string", "null", None, None),
    ("list:integer", "", None, ABSENT),
    # Booleans.
    *(("boolean", word, None, True) for word in ("true", "True", "TRUE", "T", "1", "yes", '"true"')),
    *(("boolean", word, None, False) for word in ("false", "False", "F", "0", "no", '"False"')),
    ("boolean", None, "yes", True),
    # Numbers.
    ("integer", None, " 1987 ", 1987),
    ("integer", '"1987"', None, 1987),
    ("integer", "-5", None, -5),
    ("integer", "0123", None, 123),
    ("integer", str(2**31 - 1), None, 2**31 - 1),
    ("bigint", str(2**31), None, 2**31),
    ("double", "83.98558939999998", None, 83.98558939999998),
    ("double", "1e5", None, 100000.0),
    ("double", "17", None, 17.0),
    ("double", '"-.5"', None, -0.5),
    ("decimal", "0.25", None, Decimal("0.25")),
    ("decimal", "0.255", None, Decimal("0.26")),
    ("decimal", "99999999.99", None, Decimal("99999999.99")),
    # Dates and times.
    ("date", "1984-02-29", "29/02/1984", date(1984, 2, 29)),
    ("date", '"1984-02-29"', None, date(1984, 2, 29)),
    ("date", "2026-03-01T23:30:00-02:00", None, date(2026, 3, 2)),
    ("date", "20260301", None, date(2026, 3, 1)),
    ("date", None, "1 March 2026", date(2026, 3, 1)),
    ("date", None, "Mar 1, 2026", date(2026, 3, 1)),
    ("date", None, "2026/3/1", date(2026, 3, 1)),
    ("datetime", "2026-03-04T10:00:00", None, datetime(2026, 3, 4, 10)),
    ("datetime", "2026-03-04T10:00:00Z", None, datetime(2026, 3, 4, 10)),
    ("datetime", "2026-03-04T10:00:00+05:45", None, datetime(2026, 3, 4, 4, 15)),
    ("datetime", "2026-03-04T10:00:00-0330", None, datetime(2026, 3, 4, 13, 30)),
    ("datetime", "2026-03-04T10:00:00.987654Z", None, datetime(2026, 3, 4, 10)),
    ("datetime", None, "2026-03-04 10:00", datetime(2026, 3, 4, 10)),
    ("datetime", None, "2026-03-04 10:00 PM", datetime(2026, 3, 4, 22)),
    ("datetime", "2026-03-04", None, datetime(2026, 3, 4, 8)),
    ("datetime", '"2026-03-04T10:00:00"', None, datetime(2026, 3, 4, 10)),
    ("datetime", "20260304T100000Z", None, datetime(2026, 3, 4, 10)),
    ("time", "08:30:00", None, time(8, 30)),
    ("time", None, "8:30", time(8, 30)),
    ("time", None, "5:15 PM", time(17, 15)),
    ("time", None, "12:05 am", time(0, 5)),
    ("time", "01:00:00+02:00", None, time(23, 0)),
    ("time", "2026-03-04T10:00:00", None, time(10, 0)),
    # JSON, in all spellings that were seen.
    ("json", '{"a": [1, null, true], "s": "x<y"}', "x", {"a": [1, None, True], "s": "x<y"}),
    ("json", '"{\\"a\\": [1, null, true], \\"s\\": \\"x<y\\"}"', None, {"a": [1, None, True], "s": "x<y"}),
    ("json", "[1,2]", None, [1, 2]),
    ("json", "17", None, 17),
    ("json", '"str"', None, "str"),
    ("json", '"17"', None, "17"),
    ("json", '"{not json"', None, "{not json"),
    ("json", None, '"str"', "str"),
    ("json", None, '[1, {"a": null}]', [1, {"a": None}]),
    ("json", None, "17", 17),
    # Lists.
    ("list:integer", "[0, 1, 5]", "Mon", [0, 1, 5]),
    ("list:integer", "3", None, [3]),
    ("list:integer", None, "[2]", [2]),
    ("list:integer", '["4"]', None, [4]),
    ("list:integer", "[]", None, []),
    ("list:string", '["a", "b"]', None, ["a", "b"]),
    ("list:string", None, "one element", ["one element"]),
    ("list:string", '"one"', None, ["one"]),
    ("list:string", "1.50", None, ["1.50"]),
    ("list:string", "[1, 2.5]", None, ["1", "2.5"]),
]


@pytest.mark.parametrize(("kind", "value", "text", "expected"), READ)
def test_reads(kind: str, value: str | None, text: str | None, expected: object) -> None:
    result = reader(field(kind))(value, text)
    assert result == expected
    assert type(result) is type(expected)


REFUSED = [
    ("boolean", "maybe", "neither true nor false"),
    ("integer", "1987.0", "not a whole number"),
    ("integer", "1e3", "not a whole number"),
    ("integer", "1,987", "not a whole number"),
    ("integer", "1_987", "not a whole number"),
    ("integer", "١٩", "not a whole number"),
    ("integer", "true", "not a whole number"),
    ("integer", str(2**31), "out of range"),
    ("bigint", str(2**63), "out of range"),
    ("double", "NaN", "not a number"),
    ("double", "Infinity", "not a number"),
    ("double", "1e999", "out of range"),
    ("double", "1,5", "not a number"),
    ("decimal", "100000000", "out of range"),
    ("decimal", "99999999.999", "out of range"),
    ("decimal", "1e9999", "out of range"),
    ("decimal", "NaN", "not a number"),
    ("date", "04/03/2026", "two different days"),
    ("date", "4.3.26", "two different days"),
    ("date", "2026-02-30", "not a date"),
    ("date", "1 Foo 2026", "not a day"),
    ("datetime", "garbage", "not a date"),
    ("datetime", "2026-02-30T00:00:00", "not a date"),
    ("datetime", "2026-03-04T25:00:00Z", "not a time of day"),
    ("datetime", "0001-01-01T00:00:00+10:00", "outside the calendar"),
    ("datetime", "2026-03-04T10:00:00+99:00", "zone"),
    ("time", "25:99", "not a time of day"),
    ("time", "13:00 PM", "not a time of day"),
    ("time", "soon", "not a time of day"),
    ("json", "not json", "not JSON"),
    ("json", "NaN", "not JSON"),
    ("json", "[1e999]", "not JSON"),
    ("json", "[" * 100_000, "not JSON"),
    ("list:integer", "|1|2|", "not a whole number"),
    ("list:integer", "[1.5]", "not a whole number"),
    ("list:integer", "[true]", "not a whole number"),
    ("list:string", '[{"a": 1}]', "list of texts"),
    ("string", '"a\\u0000b"', "NUL"),
    ("string", '"a\\ud800b"', "surrogate"),
]


@pytest.mark.parametrize(("kind", "value", "message"), REFUSED)
def test_refuses_with_a_message(kind: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        reader(field(kind))(value, None)
    assert len(str(caught.value)) < 200


def test_too_long_text_is_refused_and_not_cut() -> None:
    read = reader(field("string", length=16))
    assert read(None, "x" * 16) == "x" * 16
    with pytest.raises(ValueError, match="17 characters, at most 16"):
        read(None, "x" * 17)


def test_an_empty_string_is_not_null_where_null_is_impossible() -> None:
    assert reader(field("string", notnull=True))(None, None) == ""


# --- writing ------------------------------------------------------------------------------------------------

WRITTEN = [
    ("string", "Fixture", '<data field="f">Fixture</data>'),
    ("string", "a < b & c", '<data field="f">a &lt; b &amp; c</data>'),
    ("string", "&amp;", '<data field="f" value="&quot;&amp;amp;&quot;">&amp;amp;</data>'),
    ("string", " ", '<data field="f" value="&quot; &quot;"> </data>'),
    ("string", "", '<data field="f" value="&quot;&quot;"></data>'),
    ("string", "a\r\nb", '<data field="f">a&#13;\nb</data>'),
    ("string", "bell \x07", '<data field="f" value="&quot;bell \\u0007&quot;">bell </data>'),
    ("integer", 1987, '<data field="f" value="1987">1987</data>'),
    ("double", 83.98558939999998, '<data field="f" value="83.98558939999998">83.98558939999998</data>'),
    ("decimal", Decimal("0.25"), '<data field="f" value="0.25">0.25</data>'),
    ("decimal", Decimal("1E+3"), '<data field="f" value="1000">1000</data>'),
    ("boolean", True, '<data field="f" value="true">true</data>'),
    ("boolean", "T", '<data field="f" value="true">true</data>'),
    ("boolean", "F", '<data field="f" value="false">false</data>'),
    ("boolean", 0, '<data field="f" value="false">false</data>'),
    ("date", date(1984, 2, 29), '<data field="f" value="1984-02-29">1984-02-29</data>'),
    ("date", "1984-02-29", '<data field="f" value="1984-02-29">1984-02-29</data>'),
    (
        "datetime",
        "2026-03-04 10:00:00",
        '<data field="f" value="2026-03-04T10:00:00">2026-03-04 10:00:00</data>',
    ),
    (
        "datetime",
        "2026-03-04 10:00:00.123456",
        '<data field="f" value="2026-03-04T10:00:00">2026-03-04 10:00:00</data>',
    ),
    ("time", "08:30:00", '<data field="f" value="08:30:00">08:30:00</data>'),
    ("json", {"a": "R&D <x>"}, '<data field="f">{"a": "R\\u0026D &lt;x&gt;"}</data>'),
    ("list:integer", [0, 5], '<data field="f" value="[0, 5]">0, 5</data>'),
    ("list:string", ["é"], '<data field="f" value="[&quot;\\u00e9&quot;]">é</data>'),
]


@pytest.mark.parametrize(("kind", "value", "expected"), WRITTEN)
def test_writes(kind: str, value: object, expected: str) -> None:
    assert writer(field(kind))(value) == expected


def test_represented_text_is_written_as_eden_does() -> None:
    write = writer(field("text", represented=True))
    assert write("Plain") == '<data field="f" value="&quot;Plain&quot;">Plain</data>'
    assert write('"é"\n') == '<data field="f" value="&quot;\\&quot;\\u00e9\\&quot;\\n&quot;">"é"\n</data>'


def test_moments_in_other_zones_and_durations_are_converted() -> None:
    zone = timezone(timedelta(hours=5, minutes=45))
    assert 'value="2026-03-04T04:15:00"' in writer(field("datetime"))(datetime(2026, 3, 4, 10, tzinfo=zone))
    assert 'value="08:30:00"' in writer(field("time"))(timedelta(hours=8, minutes=30))


@pytest.mark.parametrize("kind", ["integer", "double", "date", "datetime", "time", "decimal"])
def test_text_in_a_column_of_another_type_cannot_break_the_document(kind: str) -> None:
    document = writer(field(kind))('"/><evil a="&')
    assert attributes_and_text(document)[0] is not None


# --- uploads ------------------------------------------------------------------------------------------------

STORED = "doc_document.file.a37a5afea1fa4088.Zml4dHVyZSBub3RlLnR4dA==.txt"
BASE = "http://127.0.0.1:8201/eden/default/download"
FILE = Field("file", "upload", "upload")


def test_a_file_that_is_here_under_the_name_that_somebody_gave_keeps_it() -> None:
    field = Field("file", "upload", "upload", keeps=lambda name: name == "red/house.png")
    upload = upload_reader("doc_document", field)(f"{BASE}/red/house.png", "red/house.png")
    assert upload == Upload("red/house.png", None, "red/house.png")
    other = upload_reader("doc_document", field)(f"{BASE}/blue.png", "blue.png")
    assert other.url == f"{BASE}/blue.png" and other.stored.startswith("doc_document.file.")


def test_reads_an_upload_of_eden() -> None:
    upload = upload_reader("doc_document", FILE)(f"{BASE}/{STORED}", "fixture_note.txt")
    assert upload == Upload("fixture_note.txt", f"{BASE}/{STORED}", STORED)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/robots.txt",
        "http://example.org/doc_document.file.x.notbase64!!.txt",
        "http://example.org/../../../etc/passwd",
        "http://example.org/..%2F..%2Fetc%2Fpasswd",
        f"{BASE}/{STORED.replace('doc_document', 'auth_user')}",
        f"{BASE}/{STORED[:-3]}{'x' * 300}",
        "/eden/static/img/marker.png",
        "http://example.org/",
    ],
)
def test_a_foreign_url_gets_a_harmless_name_that_is_always_the_same(url: str) -> None:
    read = upload_reader("doc_document", FILE)
    upload = read(url, "../naïve name.pdf")
    assert is_stored_name(upload.stored, "doc_document", "file")
    assert original_name(upload.stored) == "naïve_name.pdf"
    assert read(url, "../naïve name.pdf") == upload
    assert read(url + "x", "../naïve name.pdf").stored != upload.stored


def test_an_upload_without_url_says_nothing() -> None:
    assert upload_reader("doc_document", FILE)(None, "pixel.png") is ABSENT


def test_a_local_upload_must_name_a_stored_file() -> None:
    read = upload_reader("doc_document", FILE)
    assert read("local", STORED) == Upload("fixture_note.txt", None, STORED)
    for name in (None, "note.txt", "../../secret", STORED.replace("doc_document", "auth_user")):
        with pytest.raises(ValueError, match="stored file"):
            read("local", name)


def test_original_names_in_either_encoding() -> None:
    assert original_name(STORED) == "fixture_note.txt"
    assert original_name("doc_image.file.8eca092fc3de573a.706978656c2e706e67.png") == "pixel.png"
    assert original_name("elsewhere.txt") == "elsewhere.txt"


def test_long_names_keep_their_extension() -> None:
    name = stored_name("doc_document", "file", "é" * 300 + ".tar.gz", "0123456789abcdef")
    assert is_stored_name(name, "doc_document", "file")
    assert original_name(name).startswith("é" * 20)
    assert original_name(name).endswith(".gz")


@pytest.mark.parametrize(
    ("original", "shown"),
    [
        ("Протокол " * 12 + ".docx", "Протокол_"),
        ("x" * 400 + ".pdf", "xxxx"),
        ("a" * 163 + ".tar.gz", "aaaa"),
        *[("a" * filler + "会議の記録" * 20 + ".odt", "a" * filler + "会議の記録") for filler in range(8)],
    ],
)
def test_names_that_web2py_cut_off_keep_their_type(original: str, shown: str) -> None:
    extension = original.rpartition(".")[2]
    encoded = base64.urlsafe_b64encode(original.encode()).decode()
    stored = f"doc_document.file.0123456789abcdef.{encoded}"[: 254 - len(extension)] + f".{extension}"
    assert len(stored) == 255 and is_stored_name(stored, "doc_document", "file")
    name = original_name(stored)
    assert name.startswith(shown) and name.endswith(f".{extension}") and "\ufffd" not in name
    upload = upload_reader("doc_document", FILE)(f"{BASE}/{stored}", name)
    assert (upload.stored, upload.filename) == (stored, name)


def test_an_old_name_that_was_cut_off_keeps_its_type() -> None:
    encoded = ("a long name " * 20 + ".pdf").encode().hex()
    stored = f"doc_document.file.0123456789abcdef.{encoded}"[:251] + ".pdf"
    assert original_name(stored).startswith("a_long_name_a") and original_name(stored).endswith(".pdf")


def test_an_extension_may_have_any_letters_but_a_name_only_so_many_bytes() -> None:
    encoded = base64.urlsafe_b64encode("отчет.док".encode()).decode()
    stored = f"doc_document.file.0123456789abcdef.{encoded}.док"
    assert is_stored_name(stored, "doc_document", "file") and original_name(stored) == "отчет.док"
    too_long = f"doc_document.file.0123456789abcdef.{'a' * 216}.док"
    assert len(too_long) == 255 and not is_stored_name(too_long, "doc_document", "file")


def test_writes_uploads() -> None:
    write = upload_writer(FILE, lambda stored: f"{BASE}/{stored}?a&b")
    assert write(STORED) == (
        f'<data field="file" url="{BASE}/{STORED}?a&amp;b" filename="fixture_note.txt"/>'
    )
    assert write(Upload("a.txt", None, STORED)) == f'<data field="file" url="local" filename="{STORED}"/>'


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("double", lambda size: "1" * size + "x"),
        ("decimal(10,2)", lambda size: "1" * size + "x"),
        ("bigint", lambda size: "1" * size),
        ("datetime", lambda size: "2026-03-01" + " " * size + "x"),
        ("time", lambda size: "12:00:00." + "0" * size + "x"),
        ("boolean", lambda size: "yes" * size),
        ("json", lambda size: "[" + "1" * size + "]"),
        ("json", lambda size: "[" * size + "]" * size),
        ("list:integer", lambda size: "[" + "1" * size + "]"),
    ],
)
def test_endless_values_are_refused_at_once(kind: str, value: Callable[[int], str]) -> None:
    read = reader(Field("f", kind, kind.partition("(")[0]))

    def refuse(text: str) -> None:
        with pytest.raises(ValueError, match=r".{5}"):
            read(text, None)

    grows_no_faster_than_its_input(refuse, value, 2000)
    refuse(value(300_000))


@pytest.mark.parametrize("value", ['{"a":' * 900 + "1" + "}" * 900, "[" * 101 + "]" * 101])
def test_deep_values_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        reader(field("json"))(value, None)


def test_json_of_a_usual_outline_is_read() -> None:
    outline = [[[[float(n), 1.5] for n in range(500)]]]
    assert reader(field("json"))(json.dumps(outline), None) == outline
    deep = "[" * 100 + "]" * 100
    assert reader(field("json"))(deep, None) == json.loads(deep)


def test_endless_addresses_of_files_are_refused() -> None:
    read = upload_reader("doc_document", field("upload"))
    for url, filename in (("http://h/" + "x" * 5000, None), ("http://h/x", "x" * 5000)):
        with pytest.raises(ValueError, match="at most 4096"):
            read(url, filename)
