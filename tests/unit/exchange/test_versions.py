"""Two versions of a record, compared for the person who chooses between them."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.core.records import Record, Reference, Upload
from s3sync.core.schema import Field
from s3sync.exchange.versions import (
    FieldChoice,
    FieldLine,
    agree,
    choices,
    companions,
    compare,
    name_in,
    read,
    record_status,
)
from s3sync.wire.s3xml import encode_record
from tests.support.datamodel import schema

SCHEMA = schema()
ORGANISATION = SCHEMA.table("org_organisation")
OFFICE = SCHEMA.table("org_office")


class Words:
    """Says things so that a test sees what was asked."""

    def label(self, field: Field) -> str:
        return field.name.upper()

    def value(self, field: Field, value: Any) -> str:
        return "nothing" if value is None else str(getattr(value, "uuid", value))

    def existence(self) -> str:
        return "existence"

    def fate(self, version: Record) -> str:
        return f"merged into {version.replaced_by}" if version.replaced_by else f"deleted: {version.deleted}"


def organisation(**values: Any) -> Record:
    return Record("org_organisation", "o", values=values)


def lines(ours: Record | None, theirs: Record | None, domain: str | None = None) -> list[FieldLine]:
    table = SCHEMA.table((ours or theirs).table)  # type: ignore[union-attr]
    return compare(ours, theirs, table, Words(), domain)


def test_what_differs_comes_first_and_the_rest_in_the_tables_order() -> None:
    ours = organisation(name="Red", acronym="R", year=2001)
    theirs = organisation(name="Red", acronym="R", year=2002)
    assert lines(ours, theirs) == [
        FieldLine("YEAR", "2001", "2002", True, "year"),
        FieldLine("NAME", "Red", "Red", False, "name"),
        FieldLine("ACRONYM", "R", "R", False, "acronym"),
    ]


def test_a_cleared_field_differs_from_a_value() -> None:
    (line,) = lines(organisation(acronym=None), organisation(acronym="R"))
    assert line == FieldLine("ACRONYM", "nothing", "R", True, "acronym")


def test_empty_and_cleared_say_the_same() -> None:
    (line,) = lines(organisation(contact=None), organisation(contact=""))
    assert not line.differs


def test_a_field_that_one_version_leaves_alone_is_no_difference() -> None:
    assert lines(organisation(year=2001), organisation()) == [FieldLine("YEAR", "2001", None, False, "year")]


def test_one_version_alone_has_no_differences() -> None:
    assert lines(None, organisation(year=2001)) == [FieldLine("YEAR", None, "2001", False, "year")]
    assert lines(organisation(year=2001), None) == [FieldLine("YEAR", "2001", None, False, "year")]


@pytest.mark.parametrize(
    ("uuid", "domain", "differs"),
    [("o", None, False), ("p", None, True), ("here.example/o", "here.example", False)],
)
def test_references_are_compared_by_whom_they_mean(uuid: str, domain: str | None, differs: bool) -> None:
    def office(name: str) -> Record:
        reference = Reference("org_organisation", name)
        return Record("org_office", "f", references={"organisation_id": reference})

    (line,) = lines(office("o"), office(uuid), domain)
    assert (line.label, line.ours, line.differs) == ("ORGANISATION_ID", "o", differs)


def test_files_are_compared_by_how_they_are_stored() -> None:
    table = next(each for each in SCHEMA if "upload" in {field.kind for field in each.data_fields()})
    name = next(field.name for field in table.data_fields() if field.kind == "upload")

    def version(url: str | None, stored: str) -> Record:
        return Record(table.name, "d", values={name: Upload("map.png", url, stored)})

    assert agree(version(None, "one"), version("http://elsewhere/one", "one"), table)
    assert not agree(version(None, "one"), version(None, "two"), table)


def test_a_deletion_is_told_before_the_fields() -> None:
    gone = Record("org_organisation", "o", deleted=True)
    found = lines(organisation(year=2001), gone)
    assert found == [
        FieldLine("existence", "deleted: False", "deleted: True", True),
        FieldLine("YEAR", "2001", None, False, "year"),
    ]
    assert lines(gone, gone) == [FieldLine("existence", "deleted: True", "deleted: True", False)]
    merged = Record("org_organisation", "o", deleted=True, replaced_by="p")
    assert lines(gone, merged)[0].theirs == "merged into p"
    assert lines(gone, merged)[0].differs
    assert lines(None, gone) == [FieldLine("existence", None, "deleted: True", False)]


def test_what_cannot_be_read_is_shown_as_it_came() -> None:
    text = '<resource name="org_organisation" uuid="o"><data field="year" value="soon">soon</data></resource>'
    (line,) = lines(organisation(year=2001), read(text, SCHEMA))
    assert line == FieldLine("YEAR", "2001", "soon", True, "year")


def test_versions_agree_if_no_field_contradicts() -> None:
    one = organisation(name="Red", year=2001)
    assert agree(one, organisation(name="Red"), ORGANISATION)
    assert not agree(one, organisation(name="Blue"), ORGANISATION)
    assert not agree(one, Record("org_organisation", "o", deleted=True), ORGANISATION)
    assert not agree(one, None, ORGANISATION)


def test_a_version_is_read_with_what_it_brings() -> None:
    alias = next(name for name, each in ORGANISATION.components.items() if each.table == "org_office")
    office = Record("org_office", "f", alias=alias, values={"name": "Head"})
    version = Record("org_organisation", "o", values={"name": "Red"}, components=[office])
    found = read(encode_record(version, SCHEMA), SCHEMA)
    assert found is not None and found.values == {"name": "Red"}
    assert companions(found) == {"org_office": 1}
    assert companions(None) == {}
    assert read(None, SCHEMA) is None


def test_the_name_is_taken_from_the_first_version_that_has_one() -> None:
    texts = [
        None,
        encode_record(Record("org_organisation", "o", deleted=True), SCHEMA),
        encode_record(organisation(name="Red <&>", acronym="R"), SCHEMA),
    ]
    assert name_in(texts, ("name",)) == "Red <&>"
    assert name_in(texts, ("acronym", "name")) == "R Red <&>"
    assert name_in(texts, ("nosuch",)) == "" == name_in([], ("name",))


def chosen(ours: Record | None, theirs: Record | None, now: Record | None) -> list[FieldChoice]:
    return choices(ours, theirs, now, ORGANISATION, Words())


def test_fields_that_differ_can_be_chosen_and_what_is_there_is_chosen_already() -> None:
    ours = organisation(name="Red", acronym="R", year=2001)
    theirs = organisation(name="Blue", acronym="R", year=2002)
    now = organisation(name="Blue", acronym="R", year=2003)
    assert chosen(ours, theirs, now) == [
        FieldChoice("name", "NAME", {"ours": "Red", "theirs": "Blue"}, "theirs"),
        FieldChoice("year", "YEAR", {"ours": "2001", "theirs": "2002", "now": "2003"}, "now"),
    ]
    assert chosen(ours, theirs, organisation(name="Red", acronym="X")) == [
        FieldChoice("name", "NAME", {"ours": "Red", "theirs": "Blue"}, "ours"),
        FieldChoice("acronym", "ACRONYM", {"ours": "R", "theirs": "R", "now": "X"}, "now"),
    ]


def test_what_cannot_be_read_or_is_not_said_cannot_be_chosen() -> None:
    text = '<resource name="org_organisation" uuid="o"><data field="year" value="soon">soon</data></resource>'
    assert chosen(organisation(year=2001), read(text, SCHEMA), organisation(year=2001)) == []
    now = organisation(year=2003)
    assert chosen(organisation(year=2001), None, now)[0].options == {"ours": "2001", "now": "2003"}


def test_no_field_is_chosen_where_only_a_whole_version_can_be() -> None:
    one, gone = organisation(name="Red"), Record("org_organisation", "o", deleted=True)
    other = organisation(name="Blue")
    for versions in ((one, other, None), (one, other, gone), (gone, other, one), (one, gone, other)):
        assert chosen(*versions) == []


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (None, "absent"),
        (organisation(name="Red"), "ours"),
        (organisation(name="Blue"), "theirs"),
        (organisation(name="Green"), "other"),
        (Record("org_organisation", "o", deleted=True), "deleted"),
    ],
)
def test_a_record_stands_by_one_of_its_versions_or_by_none(now: Record | None, told: str) -> None:
    assert record_status(now, organisation(name="Red"), organisation(name="Blue"), ORGANISATION) == told
