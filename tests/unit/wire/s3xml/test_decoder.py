"""Records as S3XML says them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from lxml import etree

from s3sync.core.errors import ProtectedResource, UnknownResource
from s3sync.core.records import FieldError, Record, Reference, Upload
from s3sync.wire.s3xml import strip_domain
from tests.support.growth import grows_no_faster_than_its_input
from tests.support.s3xml import DECODER, decode


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


def test_a_record_has_as_many_attributes_as_it_likes_in_linear_time() -> None:
    def element(number: int) -> Any:
        attributes = " ".join(f'a{each}=""' for each in range(number))
        return etree.fromstring(f'<resource name="org_office" {attributes} uuid="u1"/>')

    grows_no_faster_than_its_input(DECODER.decode, element, 500)
    assert DECODER.decode(element(80_000)).uuid == "u1"


@pytest.mark.parametrize("name", ["uuid", "tuid"])
def test_identifiers_that_no_site_can_hold_are_errors_of_their_record(name: str) -> None:
    for text in ("q" * 128, f"urn:uuid:{'q' * 119}", f"eden.example.org/{'q' * 128}", "a b é 힤"):
        record = decode(f'<resource name="org_office" {name}="{text}"/>')
        assert (getattr(record, name), record.errors) == (text, {})
    for text in ("q" * 129, f"urn:{'q' * 126}", f"{'d' * 256}/x", f"eden/{'q' * 129}", "a&#10;b", "a&#133;b"):
        record = decode(f'<resource name="org_office" {name}="{text}"><data field="name">n</data></resource>')
        assert getattr(record, name) is None
        assert "identifier" in record.errors[name].message
        assert record.values["name"] == "n"
    assert (
        len(decode(f'<resource name="org_office" uuid="{"q" * 99_999}"/>').errors["uuid"].value or "") == 2000
    )


def test_a_reference_by_such_an_identifier_is_an_error_of_its_field() -> None:
    long = "q" * 129
    for attributes in (f'uuid="{long}"', f'tuid="{long}"', f'uuid="[&quot;{long}&quot;]"'):
        record = decode(
            '<resource name="org_office">'
            f'<reference field="organisation_id" resource="org_organisation" {attributes}/></resource>'
        )
        assert record.references == {}
        assert "organisation_id" in record.errors
    record = decode(f'<resource name="org_office" deleted="true" uuid="u" replaced_by="{long}"/>')
    assert record.replaced_by is None
    assert "replaced_by" in record.errors


def test_names_of_cleared_fields_are_bounded() -> None:
    record = decode(f'<resource name="org_office" null="{"name " * 4000}"/>')
    assert record.values == {}
    assert "null" in record.errors
