"""Documents and records: what is read out of them, what is refused, what is written."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from lxml import etree

from s3sync.core.errors import (
    DocumentError,
    DocumentTooLarge,
    HostileDocument,
    NotS3XML,
    ProtectedResource,
    TruncatedDocument,
    UnknownResource,
)
from s3sync.core.records import Action, FieldError, Outcome, Record, Reference, Upload
from s3sync.wire.s3xml import (
    FOOTER,
    RESOURCE_CLOSE,
    Decoder,
    DocumentLimits,
    DocumentReader,
    elements,
    encode_record,
    error_tree,
    fragment,
    header,
    list_reference,
    parse_fragment,
    reference,
    rejected_uuids,
    resource_open,
    strip_domain,
)
from tests.support.datamodel import schema

SCHEMA = schema()
DECODER = Decoder(SCHEMA)


def read(text: str | bytes, limits: DocumentLimits | None = None) -> list[Any]:
    data = text if isinstance(text, bytes) else text.encode()
    return [element.get("uuid") for element in DocumentReader(io.BytesIO(data), limits)]


def decode(text: str) -> Record:
    return DECODER.decode(etree.fromstring(text))


def document(*records: str) -> str:
    return f"<s3xml>{''.join(records)}</s3xml>"


ONE = '<resource name="org_office" uuid="u1"/>'

# --- documents ----------------------------------------------------------------------------------------------


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
    with pytest.raises(HostileDocument, match="10 MB"):
        read(document(f'<resource><data value="{"x" * 11_000_000}"/></resource>'))
    assert len(read(many)) == 5000


def test_fragments_are_put_aside_and_taken_back() -> None:
    text = '<resource name="org_office" uuid="é"><data field="name">a\r\n&lt; ü</data></resource>'
    for element in elements(io.BytesIO(document(text, "tail", ONE).encode())):
        kept = fragment(element)
        assert DECODER.decode(parse_fragment(kept)) == DECODER.decode(element)
        assert b"tail" not in kept


# --- records ------------------------------------------------------------------------------------------------


def test_meta_attributes() -> None:
    record = decode(
        '<resource name="org_office" uuid="vm/x" mci="3" created_on="2026-03-01T08:00:00+01:00" '
        'modified_on="2026-03-02T09:30:15.5" created_by="a@b" modified_by="c@d" owned_by_user="e@f" '
        'owned_by_group="Staff" approved="False" url="http://h/1"/>'
    )
    assert record == Record(
        "org_office",
        "vm/x",
        mci=3,
        created_on=datetime(2026, 3, 1, 7),
        modified_on=datetime(2026, 3, 2, 9, 30, 15),
        created_by="a@b",
        modified_by="c@d",
        owned_by_user="e@f",
        owned_by_group="Staff",
        approved=False,
    )


def test_attributes_that_cannot_be_read_are_errors_of_the_record() -> None:
    record = decode('<resource name="org_office" mci="two" modified_on="soon" created_on="04/03/2026"/>')
    assert (record.mci, record.modified_on, record.created_on) == (None, None, None)
    assert set(record.errors) == {"mci", "modified_on", "created_on"}
    assert record.errors["mci"] == FieldError("two", "two is not a whole number")


def test_deleted_records_have_no_children() -> None:
    record = decode(
        '<resource name="org_office" uuid="u" deleted="TRUE" modified_on="2026-03-01T08:00:00" '
        'replaced_by="v">'
        '<data field="name">x</data></resource>'
    )
    assert record == Record(
        "org_office", "u", deleted=True, replaced_by="v", modified_on=datetime(2026, 3, 1, 8)
    )
    assert not decode('<resource name="org_office" uuid="u" deleted="False" replaced_by="v"/>').deleted


def test_values_and_errors() -> None:
    record = decode(
        '<resource name="org_organisation"><data field="name">A</data>'
        '<data field="year" value="nineteen">x</data>'
        '<data field="acronym" value="&quot;ABC&quot;">ignored</data><data field="country" value="XYZ"/>'
        '<data field="comments">before<b>inner</b>after</data></resource>'
    )
    assert record.values == {"name": "A", "acronym": "ABC", "comments": "before"}
    assert record.errors["year"] == FieldError("nineteen", "nineteen is not a whole number")
    assert "at most 2" in record.errors["country"].message


def test_the_last_of_repeated_data_wins() -> None:
    good_last = '<data field="year">x</data><data field="year">1</data>'
    bad_last = '<data field="year">1</data><data field="year">x</data>'
    record = decode(f'<resource name="org_organisation">{good_last}</resource>')
    assert (record.values, record.errors) == ({"year": 1}, {})
    record = decode(f'<resource name="org_organisation">{bad_last}</resource>')
    assert (record.values, set(record.errors)) == ({}, {"year"})


def test_what_does_not_belong_is_passed_over() -> None:
    record = decode(
        '<resource name="doc_document" uuid="real"><data field="uuid">fake</data><data field="id">5</data>'
        '<data field="deleted">True</data><data field="mci">7</data>'
        '<data field="modified_on">2030-01-01</data>'
        '<data field="nosuch">x</data><data>x</data><data field="secret">hash</data><reference/><other/>'
        '<reference field="nosuch" uuid="x"/><resource name="nosuch_table"/><resource/></resource>'
    )
    assert record == Record("doc_document", "real")
    record = decode(
        '<resource name="org_organisation"><data field="pe_id" value="4"/>'
        '<data field="root_organisation" value="1"/>'
        '<reference field="root_organisation" resource="org_organisation" uuid="x"/>'
        '<reference field="name" uuid="x"/></resource>'
    )
    assert (record.values, record.references) == ({}, {})


def test_cleared_fields() -> None:
    record = decode(
        '<resource name="hrm_human_resource" null="status site_id course_id nosuch id">'
        '<data field="status">5</data>'
        "</resource>"
    )
    assert record.values == {"status": 5}, "a value that is there wins"
    assert record.references == {"site_id": None, "course_id": None}


def test_references() -> None:
    record = decode(
        '<resource name="hrm_human_resource">'
        '<reference field="person_id" uuid="p1">Text</reference>'
        '<reference field="organisation_id" resource="org_organisation" tuid="T1"/>'
        '<reference field="site_id" resource="org_office" uuid="o1"/>'
        '<reference field="course_id" resource="hrm_course" '
        'uuid="[&quot;c1&quot;, &quot;c2&quot;, null, 3]"/>'
        "</resource>"
    )
    assert record.references == {
        "person_id": Reference("pr_person", "p1"),
        "organisation_id": Reference("org_organisation", None, "T1"),
        "site_id": Reference("org_office", "o1"),
        "course_id": (Reference("hrm_course", "c1"), Reference("hrm_course", "c2")),
    }


@pytest.mark.parametrize(
    "element",
    [
        '<reference field="site_id" uuid="o1"/>',
        '<reference field="site_id" resource="org_site" uuid="o1"/>',
        '<reference field="site_id" resource="cr_shelter" uuid="o1"/>',
        '<reference field="person_id" resource="org_office" uuid="o1"/>',
        '<reference field="person_id" value="1"/>',
        '<reference field="person_id" uuid=""/>',
        '<reference field="course_id">Course A</reference>',
    ],
)
def test_references_that_cannot_be_meant_are_passed_over(element: str) -> None:
    assert decode(f'<resource name="hrm_human_resource">{element}</resource>').references == {}


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<reference field="course_id" uuid="c1"/>', (Reference("hrm_course", "c1"),)),
        ('<reference field="course_id" uuid="[broken"/>', (Reference("hrm_course", "[broken"),)),
        ('<reference field="course_id" uuid="[]"/>', ()),
        ('<reference field="course_id" tuid="[&quot;A&quot;]"/>', (Reference("hrm_course", None, "A"),)),
        (
            '<reference field="course_id"><resource name="hrm_course" uuid="c1"/></reference>',
            (Reference("hrm_course", None, None, Record("hrm_course", "c1")),),
        ),
    ],
)
def test_references_to_several(element: str, expected: tuple[Reference, ...]) -> None:
    record = decode(f'<resource name="hrm_human_resource">{element}</resource>')
    assert record.references == {"course_id": expected}


def test_inline_records() -> None:
    inline = '<resource name="org_office"><data field="name">X</data></resource>'
    office = Record("org_office", values={"name": "X"})
    record = decode(
        '<resource name="hrm_human_resource">'
        f'<reference field="site_id">{inline}</reference>'
        '<reference field="organisation_id" uuid="o"><resource name="org_organisation" uuid="o"/></reference>'
        f'<reference field="person_id">{inline}</reference>'
        "</resource>"
    )
    assert record.references == {
        "site_id": Reference("org_office", None, None, office),
        "organisation_id": Reference("org_organisation", "o", None, Record("org_organisation", "o")),
    }


def test_components_by_table_and_alias() -> None:
    branch = '<reference field="branch_id" uuid="b"/><reference field="organisation_id" uuid="o"/>'
    record = decode(
        '<resource name="org_organisation">'
        '<resource name="pr_contact" uuid="1"/>'
        f'<resource name="org_organisation_branch" alias="branch" uuid="2">{branch}</resource>'
        f'<resource name="org_organisation_branch" alias="parent" uuid="3">{branch}</resource>'
        '<resource name="org_organisation_branch" uuid="no alias, two meanings"/>'
        '<resource name="org_organisation_branch" alias="cousin" uuid="unknown alias"/>'
        '<resource name="pr_person" uuid="no component"/>'
        '<resource name="org_office" uuid="4" deleted="True"/>'
        "</resource>"
    )
    organisation, other = Reference("org_organisation", "o"), Reference("org_organisation", "b")
    assert record.components == [
        Record("pr_contact", "1", alias="contact"),
        Record("org_organisation_branch", "2", alias="branch", references={"branch_id": other}),
        Record("org_organisation_branch", "3", alias="parent", references={"organisation_id": organisation}),
        Record("org_office", "4", alias="office", deleted=True),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('<resource name="nosuch_table"/>', UnknownResource),
        ("<resource/>", UnknownResource),
        ('<resource name="auth_user"/>', ProtectedResource),
    ],
)
def test_unknown_and_protected_tables(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode(text)


def test_uploads() -> None:
    url = "http://h/eden/default/download/doc_document.file.a37a5afea1fa4088.Zml4dHVyZSBub3RlLnR4dA==.txt"
    record = decode(
        f'<resource name="doc_document"><data field="file" url="{url}" filename="a.txt"/></resource>'
    )
    assert record.values == {"file": Upload("a.txt", url, url.rpartition("/")[2])}
    record = decode('<resource name="doc_document"><data field="file" url="local" filename="x"/></resource>')
    assert record.errors["file"].value == "local"


@pytest.mark.parametrize(
    ("uuid", "domain", "stored"),
    [
        ("vm/x", "vm", "x"),
        ("/vm/x/", "vm", "x"),
        ("other/x", "vm", "other/x"),
        ("x", "vm", "x"),
        ("vm/", "vm", "vm/"),
        ("vm/x", None, "vm/x"),
        ("urn:uuid:vm/x", "urn:uuid:vm", "urn:uuid:vm/x"),
        ("vm/a/b", "vm", "a/b"),
    ],
)
def test_domains(uuid: str, domain: str | None, stored: str) -> None:
    assert strip_domain(uuid, domain) == stored


# --- writing ------------------------------------------------------------------------------------------------


def test_headers() -> None:
    assert header(results=2, domain="vm", url="http://h/e?a&b") == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<s3xml success="true" results="2" domain="vm" url="http://h/e?a&amp;b">'
    )
    text = header(results=0, cursor="j.1.t", more=False, journal="j") + FOOTER
    assert 'success="false"' in text
    reader = DocumentReader(io.BytesIO(text.encode()))
    assert (reader.header.cursor, reader.header.more, reader.header.journal) == ("j.1.t", False, "j")


def test_attributes_stand_as_an_eden_writes_them() -> None:
    text = resource_open(
        "org_office",
        'a"b',
        3,
        "2026-03-01 08:00:00",
        datetime(2026, 3, 2),
        "http://h/?a&b",
        "c@d",
        "e@f",
        "g@h",
        "Staff",
        alias="office",
        nulls=["code", "name"],
    )
    assert text == (
        '<resource name="org_office" alias="office" uuid="a&quot;b" mci="3" created_on="2026-03-01T08:00:00" '
        'modified_on="2026-03-02T00:00:00" url="http://h/?a&amp;b" created_by="c@d" modified_by="e@f" '
        'owned_by_user="g@h" owned_by_group="Staff" null="code name">'
    )
    deleted = resource_open("org_office", "u", 3, None, "2026-03-01 08:00:00", deleted=True, replaced_by="v")
    assert deleted == (
        '<resource name="org_office" uuid="u" deleted="True" modified_on="2026-03-01T08:00:00" '
        'replaced_by="v">'
    )
    assert etree.fromstring(deleted + RESOURCE_CLOSE) is not None


def test_references_are_written() -> None:
    assert reference("f", "t_t", "u<") == '<reference field="f" resource="t_t" uuid="u&lt;"/>'
    assert reference("f", "t_t", "u", "A & B") == (
        '<reference field="f" resource="t_t" uuid="u">A &amp; B</reference>'
    )
    assert list_reference("f", "t_t", ["a", "b"]) == (
        '<reference field="f" resource="t_t" uuid="[&quot;a&quot;, &quot;b&quot;]"/>'
    )


def test_what_could_not_be_read_is_written_as_it_came() -> None:
    text = (
        '<resource name="org_organisation" mci="two" modified_on="soon &amp; later">'
        '<data field="year" value="1&lt;2"/><data field="name">A</data></resource>'
    )
    record = decode(text)
    assert set(record.errors) == {"mci", "modified_on", "year"}
    assert decode(encode_record(record, SCHEMA)) == record


def test_files_of_this_site_get_their_url() -> None:
    stored = "doc_document.file.a37a5afea1fa4088.Zml4dHVyZSBub3RlLnR4dA==.txt"
    record = Record("doc_document", "u", values={"file": stored})
    text = encode_record(record, SCHEMA, url_for=lambda *names: f"http://h/{'/'.join(names)}")
    assert f'url="http://h/doc_document/file/{stored}" filename="fixture_note.txt"' in text


# --- error trees --------------------------------------------------------------------------------------------


def test_an_error_tree_names_records_and_fields() -> None:
    outcomes = [
        Outcome(Action.CREATED, "org_office", "fine"),
        Outcome(
            Action.REJECTED,
            "org_office",
            "u1",
            reason="Validation error",
            errors={"name": FieldError("x" * 3, "too long")},
        ),
        Outcome(Action.REJECTED, "org_office", None),
    ]
    tree = error_tree(outcomes)
    assert tree == {
        "$_org_office": [
            {
                "@uuid": "u1",
                "@error": "Validation error",
                "name": {"@value": "xxx", "@error": "name: too long"},
            },
            {"@error": "Validation error"},
        ]
    }
    assert rejected_uuids(tree) == {"u1": "name: too long"}


def test_error_trees_of_others_are_read_as_far_as_possible() -> None:
    tree = {
        "$_a_b": [
            {"@uuid": "1", "@error": "Validation error", "$_c_d": [{"x": {"@error": "x: bad"}}]},
            {"@uuid": "2", "$k_y": {"@error": "y: reference import(s) failed"}},
            {"@uuid": "3", "@error": "Operation not permitted"},
            {"@uuid": "4"},
            {"@error": "no uuid"},
            "rubbish",
        ],
        "$_e_f": {"@uuid": "5", "@error": "alone"},
        "other": [{"@uuid": "6"}],
    }
    assert rejected_uuids(tree) == {
        "1": "x: bad",
        "2": "y: reference import(s) failed",
        "3": "Operation not permitted",
        "4": "Validation error",
        "5": "alone",
    }
    assert rejected_uuids(None) == rejected_uuids("x") == rejected_uuids([]) == {}
