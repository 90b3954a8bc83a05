"""Filters: the grammar, and what is wrong with those that an Eden would ignore."""

from __future__ import annotations

import contextlib
from datetime import datetime
from decimal import Decimal
from typing import Callable

import pytest

from s3sync.core.errors import FilterError
from s3sync.core.schema import Field
from s3sync.wire.filter_limits import LONGEST_NAME, LONGEST_VALUES, together
from s3sync.wire.filters import (
    Filter,
    Operator,
    Selector,
    is_filter,
    parse_filter,
    parse_filter_string,
    to_query,
    typed_values,
    validate,
    write_filter,
)
from tests.support.datamodel import schema
from tests.support.growth import grows_no_faster_than_its_input

NAME = (Selector("~", ("name",)),)

READ = [
    ("[~]~.name__like", "Fixture Ref*", Filter(None, NAME, Operator.LIKE, ("Fixture Ref*",))),
    ("[]~.name", "A", Filter(None, NAME, Operator.EQ, ("A",))),
    ("~.name", "A", Filter(None, NAME, Operator.EQ, ("A",))),
    ("[org_office]~.name", "A,B", Filter("org_office", NAME, Operator.EQ, ("A", "B"))),
    ("[~]~.name__ne", "NONE", Filter(None, NAME, Operator.NE, (None,))),
    ("[~]~.name", "None,A", Filter(None, NAME, Operator.EQ, (None, "A"))),
    ("[~]~.name", '"NONE"', Filter(None, NAME, Operator.EQ, ("NONE",))),
    ("[~]~.name", '"a,b",c', Filter(None, NAME, Operator.EQ, ("a,b", "c"))),
    ("[~]~.name", '"say \\"hi\\""', Filter(None, NAME, Operator.EQ, ('say "hi"',))),
    (
        "[~]~.name",
        'back\\slash,"back\\slash"',
        Filter(None, NAME, Operator.EQ, ("back\\slash", "back\\slash")),
    ),
    ("[~]~.name", '"open', Filter(None, NAME, Operator.EQ, ("open",))),
    ("[~]~.name", "", Filter(None, NAME, Operator.EQ, ("",))),
    ("[~]~.name", "a,", Filter(None, NAME, Operator.EQ, ("a", ""))),
    ("[~]~.name!", "A", Filter(None, NAME, Operator.EQ, ("A",), True)),
    ("[~]~.name__belongs!", "A,B", Filter(None, NAME, Operator.BELONGS, ("A", "B"), True)),
    (
        "[~]~.organisation_id$acronym|contact.value__like",
        "F*",
        Filter(
            None,
            (Selector("~", ("organisation_id", "acronym")), Selector("contact", ("value",))),
            Operator.LIKE,
            ("F*",),
        ),
    ),
]


@pytest.mark.parametrize(("name", "value", "expected"), READ)
def test_reads(name: str, value: str, expected: Filter) -> None:
    assert parse_filter(name, value) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("[~]name", "without a dot"),
        ("[~]name|~.code", "without a dot"),
        ("[~]~.name__foo", "unknown operator foo"),
        ("[~]~.name__intersects", "unknown operator intersects"),
        ("[~]$filter", "without a dot"),
        ("[~", "closing bracket"),
        ("[org office]~.name", "table in its brackets"),
        ("[~]", "does not name a field"),
        ("[~]~.", "no field"),
        ("[~]~.a$", "no field"),
        ("[~]~.name; DROP TABLE", "no field"),
        ("[~]a-b.name", "no field"),
    ],
)
def test_refuses_what_an_eden_would_ignore(name: str, message: str) -> None:
    with pytest.raises(FilterError, match=message) as caught:
        parse_filter(name, "1")
    assert caught.value.http_status == 400
    assert caught.value.hint


def test_tells_filters_from_other_variables() -> None:
    assert is_filter("[~]~.name")
    assert is_filter("~.name__like")
    assert not any(map(is_filter, ("resource", "msince", "_next", "_a.b", "$filter")))


def test_writes_what_it_reads() -> None:
    filter = Filter("org_office", NAME, Operator.LIKE, ("A*", None, "", "b,c"), True)
    assert write_filter(filter) == ("[org_office]~.name__like!", 'A*,NONE,"","b,c"')
    assert str(filter) == '[org_office]~.name__like!=A*,NONE,"","b,c"'


def test_a_query_string_is_readable_by_an_eden() -> None:
    filters = [parse_filter("~.name__like", "Fixture Ref*"), parse_filter("[org_office]~.code", "a&b")]
    assert to_query(filters) == "[~]~.name__like=Fixture%20Ref*&[org_office]~.code=a%26b"


def test_reads_the_filters_of_a_task() -> None:
    found = parse_filter_string("?~.name__like=A%2A%26B+C&[cr_shelter]~.code=1&", "org_office")
    assert found == [
        Filter("org_office", NAME, Operator.LIKE, ("A*&B C",)),
        Filter("cr_shelter", (Selector("~", ("code",)),), Operator.EQ, ("1",)),
    ]
    assert parse_filter_string(" ") == []
    assert parse_filter_string("~.name=")[0].values == ("",)
    with pytest.raises(FilterError, match="no value"):
        parse_filter_string("~.name")


# --- against the schema -------------------------------------------------------------------------------------

SCHEMA = schema()
OFFICE = SCHEMA.table("org_office")
ORGANISATION = SCHEMA.table("org_organisation")


def test_finds_the_fields() -> None:
    (own,) = validate(parse_filter("~.name", "A"), SCHEMA, OFFICE)
    assert (own.component, own.hops, own.table, own.field) == (None, (), OFFICE, OFFICE.fields["name"])
    (by_resource,) = validate(parse_filter("office.name", "A"), SCHEMA, OFFICE)
    assert by_resource == own
    (far,) = validate(parse_filter("~.organisation_id$acronym", "A"), SCHEMA, OFFICE)
    assert [(hop.field.name, hop.table.name) for hop in far.hops] == [("organisation_id", "org_organisation")]
    assert far.field.name == "acronym"
    (component,) = validate(parse_filter("contact.value", "A"), SCHEMA, ORGANISATION)
    assert component.component == ORGANISATION.components["contact"]
    assert component.table.name == "pr_contact"


def test_a_table_in_brackets_is_the_start() -> None:
    (path,) = validate(parse_filter("[org_organisation]~.acronym", "A"), SCHEMA, OFFICE)
    assert path.table is ORGANISATION
    (path,) = validate(parse_filter("[org_office]~.code", "A"), SCHEMA, OFFICE)
    assert path.table is OFFICE


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("~.nosuchfield", "1", "no field of org_office"),
        ("~.organisation_id$nosuch", "1", "no field of org_organisation"),
        ("~.name$acronym", "1", "refers to no table"),
        ("contact.value", "1", "no component of org_office"),
        ("[nosuch_table]~.name", "1", "which is not here"),
        ("[auth_user]~.password", "1", "which is not here"),
        ("~.obsolete", "maybe", "neither true nor false"),
        ("~.modified_on__gt", "04/03/2026", "two different days"),
        ("~.modified_on__gt", "NONE", "more or less than NONE"),
        ("~.organisation_id", "FRA", "not a whole number"),
        ("~.obsolete", "", "empty value"),
        ("~.name__like", "NONE", "pattern with NONE"),
        ("~.name__like", "a\x00*", "no record can hold"),
        ("~.name", "a\x00", "no record can hold"),
    ],
)
def test_refuses_what_the_schema_does_not_know(name: str, value: str, message: str) -> None:
    with pytest.raises(FilterError, match=message) as caught:
        validate(parse_filter(name, value), SCHEMA, OFFICE)
    assert caught.value.hint


def test_passwords_are_no_fields_to_guess_at() -> None:
    with pytest.raises(FilterError, match="no field"):
        validate(parse_filter("~.secret__like", "a*"), SCHEMA, SCHEMA.table("doc_document"))


@pytest.mark.parametrize(
    ("type", "value", "expected"),
    [
        ("string", "1,NONE", ("1", None)),
        ("integer", "1,2", (1, 2)),
        ("boolean", "True", (True,)),
        ("datetime", "2026-03-01T08:00:00", (datetime(2026, 3, 1, 8),)),
        ("decimal(10,2)", "0.25", (Decimal("0.25"),)),
        ("double", "1e3", (1000.0,)),
        ("reference org_office", "5", (5,)),
        ("list:integer", "3,4", (3, 4)),
        ("list:string", "a,b", ("a", "b")),
    ],
)
def test_values_get_the_type_of_the_field(type: str, value: str, expected: tuple[object, ...]) -> None:
    kind, _, target = type.partition(" ")
    field = Field("f", type, kind.partition("(")[0], target=target or None)
    assert typed_values(parse_filter("~.f", value), field) == expected


# --- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("~." + "root_organisation$" * 1600 + "name", "x"),
        ("~." + "root_organisation$" * 70 + "name", "x"),
        ("~." + "root_organisation$" * 9 + "name", "x"),
        ("[~]~.name__like", ",".join(f"a{number}*" for number in range(1100))),
        ("[~]~.id__lt", ",".join(map(str, range(1100)))),
        ("[~]~.name", ",".join(map(str, range(260_000)))),
        ("[~]~.name", "," * 600),
        ("[~]" + "|".join(["~.name"] * 501), "x"),
        ("[~]" + "|".join(["~.name"] * 30), ",".join("abcdefghijklmnopqrst")),
        ("[~]~.name__like", "a" * 60_000),
        ("[~]~.name__contains", "a" * 4097),
        ("[~]~.name", '"' + "\\" * 50_000),
    ],
)
def test_what_no_database_takes_is_refused(name: str, value: str) -> None:
    with pytest.raises(FilterError) as found:
        parse_filter(name, value)
    assert len(found.value.explain()) < 500


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("[~]~.name", '"' + "\\" * 10_000_000),
        ("~." + "_" * 1_000_000, "x"),
        ("[" * 1_000_000, "x"),
    ],
)
def test_what_is_too_long_is_refused_before_any_work(name: str, value: str) -> None:
    with pytest.raises(FilterError, match="characters, at most") as found:
        parse_filter(name, value)
    assert len(found.value.explain()) < 500


@pytest.mark.parametrize(
    ("filter", "size"),
    [
        (lambda size: ("~." + "root_organisation$" * (size // 18) + "name", "x"), LONGEST_NAME // 17),
        (lambda size: ("~." + "_" * size, "x"), LONGEST_NAME // 17),
        (lambda size: ("[" * size, "x"), LONGEST_NAME // 17),
        (lambda size: ("[~]~.name", '"' + "\\" * size), 2000),
        (lambda size: ("[~]~.name", '"\\"' * size), 700),
        (lambda size: ("[~]~.name", "," * size), 2000),
        (lambda size: ("[~]~.name__like", "a*" * size), LONGEST_VALUES // 60),
    ],
)
def test_what_is_not_too_long_is_read_in_linear_time(
    filter: Callable[[int], tuple[str, str]], size: int
) -> None:
    def work(pair: tuple[str, str]) -> None:
        with contextlib.suppress(FilterError):
            parse_filter(*pair)

    grows_no_faster_than_its_input(work, filter, size)


def test_what_people_filter_by_is_far_below_the_limits() -> None:
    name = "~." + "root_organisation$" * 8 + "name"
    assert len(parse_filter(name, "x").selectors[0].path) == 9
    assert (
        len(parse_filter("~.uuid", ",".join(f"urn:uuid:{number:036}" for number in range(500))).values) == 500
    )
    assert parse_filter("~.name", '"' + "\\" * 2000 + '\\"" ').values[0] is not None


def test_filters_are_counted_together() -> None:
    one = parse_filter("~.name", "x")
    assert together([one] * 50) == (one,) * 50
    with pytest.raises(FilterError, match="101 filters"):
        together([one] * 101)
    with pytest.raises(FilterError, match="1500 comparisons"):
        together([parse_filter("~.name", ",".join("x" * 500))] * 3)
    with pytest.raises(FilterError, match="characters"):
        parse_filter_string("~.name=x&" * 100_000)


def test_messages_show_the_beginning_of_a_filter() -> None:
    assert len(str(parse_filter("~.name", "x" * 4000))) < 400


def test_filters_of_a_task_that_are_too_long_are_told_by_how_they_begin() -> None:
    text = "~.name=" + "x" * LONGEST_VALUES
    with pytest.raises(FilterError, match=r"^The filter ~\.name=x+… has "):
        parse_filter_string(text)
