"""Documents are read element by element, within limits."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterator

import pytest

from s3sync.core.errors import DocumentError, DocumentTooLarge, HostileDocument, NotS3XML, TruncatedDocument
from s3sync.wire.s3xml import DocumentLimits, DocumentReader, elements, fragment, parse_fragment
from s3sync.wire.s3xml import reader as reader_module
from tests.support.growth import grows_no_faster_than_its_input
from tests.support.s3xml import DECODER, ONE, document, read


def test_the_header_is_there_before_the_first_record() -> None:
    text = (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<s3xml success="true" results="2" domain="vm" url="http://h/eden" '
        'cursor="j.5.t" more="true" journal="j">'
    )
    reader = DocumentReader(io.BytesIO(f"{text}{ONE}{ONE}</s3xml>".encode()))
    assert (reader.header.success, reader.header.results) == (True, 2)
    assert (reader.header.domain, reader.header.url) == ("vm", "http://h/eden")
    assert (reader.header.cursor, reader.header.more, reader.header.journal) == ("j.5.t", True, "j")
    assert reader.header.is_paged
    assert len([*reader]) == 2


def test_an_empty_answer_of_an_eden() -> None:
    reader = DocumentReader(io.BytesIO(b'<s3xml success="false" results="0" domain="vm"/>'))
    assert (reader.header.success, reader.header.results, reader.header.cursor) == (False, 0, None)
    assert not reader.header.is_paged
    assert [*reader] == []


def test_only_what_stands_right_below_the_root_is_yielded() -> None:
    inner = '<resource name="org_office" uuid="inner"/>'
    outer = f'<resource name="org_office" uuid="outer">{inner}<reference>{inner}</reference></resource>'
    assert read(document("<s3xml>", inner, "</s3xml>", "<s3xml/>", ONE)) == ["u1"]
    assert read(document("<list>", inner, "</list>", "text", outer, "<!-- c --><?pi x?>", ONE)) == [
        "outer",
        "u1",
    ]


def test_an_element_is_complete_when_it_comes() -> None:
    children = '<data field="name">x</data>' * 5000
    text = document(f'<resource name="org_office">{children}</resource>', ONE)
    assert [len(each) for each in elements(io.BytesIO(text.encode()))] == [5000, 0]


class Endless(io.RawIOBase):
    """A document of a given size that is made while it is read."""

    def __init__(self, size: int) -> None:
        self._parts = self._make(size)

    def _make(self, size: int) -> Iterator[bytes]:
        yield b"<s3xml>"
        record = (
            f'<resource name="org_office"><data field="name">{"x" * 2000}</data></resource>'.encode() * 30
        )
        for _ in range(size // len(record)):
            yield record
        yield b"</s3xml>"

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_memory_stays_flat() -> None:
    for _ in elements(Endless(1 << 20)):  # type: ignore[arg-type]
        pass
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(1 for _ in elements(Endless(60 << 20)))  # type: ignore[arg-type]
    assert count > 25_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kilobytes for 60 MB of XML"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "utf-8"), ("utf-8-sig", None), ("utf-16", "utf-16"), ("utf-16", None),
     ("latin-1", "iso-8859-1"), ("cp1252", "windows-1252")],
)  # fmt: skip
def test_encodings(encoding: str, declared: str | None) -> None:
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = declaration + document('<resource name="org_office"><data field="name">Zürich</data></resource>')
    (element,) = elements(io.BytesIO(text.encode(encoding)))
    assert DECODER.decode(element).values == {"name": "Zürich"}


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

REFUSED = [
    ("", DocumentError, "empty"),
    (" \n", DocumentError, "empty"),
    ('{"status": "failed"}', NotS3XML, "not XML but: .*failed"),
    ("Insufficient Privileges", NotS3XML, "Insufficient"),
    ("<!DOCTYPE html><html><p>Log in<br></html>", NotS3XML, "HTML"),
    ("<html><body>Log in<br></body></html>", NotS3XML, "HTML"),
    ("<root/>", NotS3XML, "<root>"),
    (f"<root>{'<junk/>' * 50_000}</root>", NotS3XML, "<s3xml>"),
    ("<root><s3xml/></root>", NotS3XML, "<root>"),
    ('<resource name="org_office"/>', NotS3XML, "<resource>"),
    ('<s3xml xmlns="urn:x"/>', NotS3XML, "urn:x"),
    (f'<!DOCTYPE s3xml [<!ENTITY l0 "lol">{LAUGHS}]><s3xml a="&l9;"/>', HostileDocument, "DTD"),
    ('<!DOCTYPE s3xml SYSTEM "http://127.0.0.1:9/x.dtd"><s3xml/>', HostileDocument, "DTD"),
    ('<?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE s3xml><s3xml/>', HostileDocument, "DTD"),
    ("<s3xml>&undeclared;</s3xml>", DocumentError, "well-formed"),
    (document("<resource></data>"), DocumentError, "well-formed"),
    (document(ONE) + "<s3xml/>", DocumentError, "well-formed"),
    (document('<resource name="a\x07"/>'), DocumentError, "well-formed"),
    (document('<resource name="&#0;"/>'), DocumentError, "well-formed"),
    (document("<resource name='org_office'>" * 20, "</resource>" * 20), HostileDocument, "16 levels"),
    (document("<x>" * 300, "</x>" * 300), HostileDocument, "depth"),
    (document("<x>", ONE), DocumentError, "mismatch"),
    (document(ONE)[:-3], TruncatedDocument, "breaks off"),
]


@pytest.mark.parametrize(("text", "error", "message"), REFUSED)
def test_refuses(text: str, error: type[DocumentError], message: str) -> None:
    with pytest.raises(error, match=f"(?s){message}") as caught:
        read(text)
    assert type(caught.value) is error
    assert len(caught.value.message) < 400


def test_a_dtd_cannot_hide_behind_a_long_comment() -> None:
    comment = f"<!--{'x' * 200_000}-->"
    with pytest.raises(HostileDocument, match="endless comment"):
        read(f'{comment}<!DOCTYPE s3xml [<!ENTITY a "b">]>{document(ONE)}')


def test_invalid_utf8_is_refused() -> None:
    with pytest.raises(DocumentError):
        read(document('<resource name="\0"/>').encode().replace(b"\0", b"\xff"))


def test_a_document_cut_anywhere_is_recognised() -> None:
    text = document(
        f'<resource name="org_office" uuid="é"><data field="name">x &amp; y</data></resource>{ONE}'
    )
    data = text.encode()
    for end in range(len("<s3xml>"), len(data)):
        with pytest.raises(TruncatedDocument):
            read(data[:end])
    assert read(data) == ["é", "u1"]


def test_limits() -> None:
    many = document(ONE * 5000)
    with pytest.raises(DocumentTooLarge, match="100000 bytes"):
        read(many, DocumentLimits(max_bytes=100_000))
    wide = document("<resource>", "<data/>" * 100_000, "</resource>")
    with pytest.raises(HostileDocument, match="50000 elements"):
        read(wide, DocumentLimits(max_elements_per_record=50_000))
    with pytest.raises(HostileDocument, match="50000 elements"):
        read(document("<junk/>" * 100_000), DocumentLimits(max_elements_per_record=50_000))
    with pytest.raises(HostileDocument, match="200000 bytes"):
        read(document(f"<resource>{'x' * 900_000}</resource>"), DocumentLimits(max_bytes_per_record=200_000))
    assert len(read(many)) == 5000


def test_a_text_as_large_as_a_form_takes_is_read() -> None:
    outline = "1.5 2.5, " * (7 << 20)
    text = document(f'<resource uuid="u1"><data field="wkt">{outline}</data></resource>', ONE)
    assert read(text) == ["u1", "u1"]
    found = next(iter(elements(io.BytesIO(text.encode()))))
    assert parse_fragment(fragment(found))[0].text == outline


def test_an_element_has_at_most_two_hundred_attributes() -> None:
    attributes = " ".join(f'a{number}=""' for number in range(201))
    with pytest.raises(HostileDocument, match="200 attributes"):
        read(document(f"<resource {attributes}/>"))
    filling = f'<data value="{"x" * 200_000}"/>'
    with pytest.raises(HostileDocument, match="200 attributes"):
        read(document(f"<resource><data {attributes}/>{filling}</resource>"))
    with pytest.raises(HostileDocument, match="more than 500 attributes"):
        read(
            document("<resource>", '<data a="" b=""/>' * 300, filling, "</resource>"),
            DocumentLimits(max_attributes_per_record=500),
        )


def test_elements_are_counted_once_and_record_by_record(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostileDocument, match="100000 elements"):
        read(document("<resource>", '<data field="name">x</data>' * 430_000, "</resource>"))
    large = f'<resource uuid="u1">{"<data/>" * 60_000}</resource>'
    assert read(document(large, large, ONE)) == ["u1", "u1", "u1"]
    monkeypatch.setattr(reader_module, "_CHUNK", 1 << 11)
    grows_no_faster_than_its_input(
        read, lambda number: document("<resource>", "<data/>" * number, "</resource>"), 5000
    )


def test_a_dtd_is_refused_wherever_it_stands() -> None:
    entities = '<!ENTITY e0 "xxxxxxxxxx">' + "".join(
        "<!ENTITY e{} '{}'>".format(n, f"&e{n - 1};" * 10) for n in range(1, 9)
    )
    dtd = f"<!DOCTYPE s3xml [{entities}]>"
    for before in (
        "",
        "<!-- x -->" * 50,
        "<?xml version='1.0' encoding='UTF-7'?><!-- x -->" + "<!-- y -->" * 900,
    ):
        with pytest.raises(DocumentError):
            read(f'{before}{dtd}<s3xml url="&e8;"></s3xml>')
    with pytest.raises(HostileDocument, match="root element"):
        read(f"{'<!-- x -->' * 6000}<s3xml {' ' * 70_000}/>")


def test_fragments_are_put_aside_and_taken_back() -> None:
    text = '<resource name="org_office" uuid="é"><data field="name">a\r\n&lt; ü</data></resource>'
    for element in elements(io.BytesIO(document(text, "tail", ONE).encode())):
        kept = fragment(element)
        assert DECODER.decode(parse_fragment(kept)) == DECODER.decode(element)
        assert b"tail" not in kept
