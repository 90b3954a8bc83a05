"""Whatever a record holds, it comes out of a document as it went in."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.core.errors import DocumentError
from s3sync.core.kept import DeletionMark
from s3sync.core.records import Record, Reference, Upload
from s3sync.core.schema import Field
from s3sync.wire import s3json as s3json
from s3sync.wire.s3xml import (
    FOOTER,
    Decoder,
    DocumentReader,
    elements,
    encode_record,
    fragment,
    header,
    parse_fragment,
)
from s3sync.wire.values.uploads import stored_name
from s3sync.wire.xml_text import escape_attr
from tests.support.datamodel import schema

SCHEMA = schema()
DECODER = Decoder(SCHEMA)

# What XML carries in attributes; uuids and addresses have no other way.
plain = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
)
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=10)
moments = st.datetimes(datetime(1900, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def value_of(table: str, field: Field) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(-(2**31), 2**31 - 1),
        "bigint": st.integers(-(2**63), 2**63 - 1),
        "double": numbers,
        "decimal": st.decimals(-999, 999, places=2).map(Decimal),
        "boolean": st.booleans(),
        "date": st.dates(),
        "datetime": moments,
        "time": st.times().map(lambda each: each.replace(microsecond=0)),
        "json": json_values,
        "list:string": st.lists(texts, max_size=3),
        "list:integer": st.lists(st.integers(-9, 9), max_size=3),
        "upload": st.builds(
            lambda name, key: Upload(
                name,
                f"http://h/{stored_name(table, field.name, name, key)}",
                stored_name(table, field.name, name, key),
            ),
            plain,
            st.from_regex("[0-9a-f]{16}", fullmatch=True),
        ),
    }
    text = st.text("aé<&\n", max_size=field.length or 20) if field.length else texts
    values = kinds.get(field.kind, text)
    return values if field.notnull else st.one_of(st.none(), values)


def identity() -> st.SearchStrategy[dict[str, Any]]:
    """A uuid, an identifier within the document, or nothing."""
    return st.one_of(
        st.builds(lambda uuid: {"uuid": uuid}, plain),
        st.builds(lambda tuid: {"tuid": tuid}, plain),
        st.just({}),
    )


@st.composite
def reference_values(draw: Any, field: Field) -> Any:
    target = SCHEMA.table(field.target or "")
    table = draw(
        st.sampled_from(sorted(name for name in target.instance_types or (target.name,) if name in SCHEMA))
    )
    if field.kind == "list:reference":
        return draw(st.lists(plain.map(lambda uuid: Reference(table, uuid)), max_size=3).map(tuple))
    names = draw(identity())
    inline = (
        None if names and draw(st.booleans()) else Record(table, names.get("uuid"), values={"name": "inline"})
    )
    if inline is not None and "name" not in SCHEMA.table(table).fields:
        inline.values = {}
    return Reference(table, names.get("uuid"), names.get("tuid"), inline)


@st.composite
def records(
    draw: Any, name: str, alias: str | None = None, join: str | None = None, depth: int = 0
) -> Record:
    table = SCHEMA.table(name)
    names = draw(identity())
    if draw(st.integers(0, 9)) == 0:
        return Record(
            name,
            draw(plain),
            alias=alias,
            deleted=True,
            modified_on=draw(st.none() | moments),
            replaced_by=draw(st.none() | plain),
            deletion=draw(
                st.none()
                | st.builds(
                    DeletionMark,
                    st.sampled_from(["1a2b3c4d"]),
                    st.just("") | plain,
                    st.none() | st.tuples(st.sampled_from(["org_office"]), plain),
                )
            ),
        )
    values: dict[str, Any] = {}
    references: dict[str, Any] = {}
    for field in table.data_fields():
        if field.name in table.computed or field.name == join or not draw(st.booleans()):
            continue
        if field.is_reference:
            references[field.name] = draw(st.one_of(st.none(), reference_values(field)))
        else:
            values[field.name] = draw(value_of(name, field))
    components = []
    if depth == 0:
        for component in table.components.values():
            several = st.lists(records(component.table, component.alias, component.fkey, 1), max_size=2)
            components += draw(several)
    return Record(
        name,
        names.get("uuid"),
        tuid=names.get("tuid"),
        alias=alias,
        mci=draw(st.none() | st.integers(0, 99)),
        created_on=draw(st.none() | moments),
        modified_on=draw(st.none() | moments),
        created_by=draw(st.none() | plain),
        modified_by=draw(st.none() | plain),
        owned_by_user=draw(st.none() | plain),
        owned_by_group=draw(st.none() | plain),
        approved=draw(st.booleans()),
        values=values,
        references=references,
        components=components,
    )


_FIELDS = [field.name for field in SCHEMA.table("org_office").data_fields() if not field.is_reference]
any_record = st.sampled_from([table.name for table in SCHEMA if not table.is_super]).flatmap(records)


@settings(max_examples=150, deadline=None)
@given(st.lists(any_record, max_size=3))
def test_decode_of_encode_is_the_record(several: list[Record]) -> None:
    document = (
        header(results=len(several)) + "".join(encode_record(each, SCHEMA) for each in several) + FOOTER
    )
    found = [DECODER.decode(element) for element in elements(io.BytesIO(document.encode()))]
    assert found == several


@settings(max_examples=150, deadline=None)
@given(st.lists(any_record, max_size=3))
def test_a_record_goes_through_json_as_it_was(several: list[Record]) -> None:
    document = (
        header(results=len(several)) + "".join(encode_record(each, SCHEMA) for each in several) + FOOTER
    )
    as_json, as_xml = io.BytesIO(), io.BytesIO()
    s3json.to_json(io.BytesIO(document.encode()), as_json, Path(tempfile.gettempdir()))
    s3json.to_xml(io.BytesIO(as_json.getvalue()), as_xml)
    found = [DECODER.decode(element) for element in elements(io.BytesIO(as_xml.getvalue()))]
    # The records of a table are one array, in the order of the first of each table.
    tables = list(dict.fromkeys(each.table for each in several))
    assert found == sorted(several, key=lambda each: tables.index(each.table))


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=60), json_values.map(lambda value: json.dumps(value).encode())))
def test_rubbish_for_json_is_refused_and_breaks_nothing(rubbish: bytes) -> None:
    for data in (rubbish, b'{"$_org_office":[{"@uuid":"u","name":' + rubbish + b"}]}"):
        out = io.BytesIO()
        try:
            s3json.to_xml(io.BytesIO(data), out)
        except DocumentError as error:
            assert error.message
        else:
            assert all(element.tag == "resource" for element in DocumentReader(io.BytesIO(out.getvalue())))


@settings(max_examples=50, deadline=None)
@given(any_record)
def test_a_record_that_is_put_aside_stays_the_same(record: Record) -> None:
    element = parse_fragment(encode_record(record, SCHEMA).encode())
    assert DECODER.decode(parse_fragment(fragment(element))) == record


_bad = st.text(alphabet=st.characters(codec="utf-8"), max_size=200).map(lambda text: escape_attr(text))
_attribute = st.sampled_from(
    ["uuid", "tuid", "mci", "created_on", "modified_on", "deleted", "replaced_by", "null", "created_by"]
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_attribute, _bad), st.dictionaries(st.sampled_from(_FIELDS), _bad), st.booleans())
def test_whatever_a_record_says_can_be_put_aside_and_says_the_same_again(
    attributes: dict[str, str], values: dict[str, str], by_importer: bool
) -> None:
    said = " ".join(f'{name}="{text}"' for name, text in attributes.items())
    inner = "".join(f'<data field="{name}" value="{text}"/>' for name, text in values.items())
    inner += "".join(
        f'<reference field="organisation_id" resource="org_organisation" uuid="{text}"/>'
        for text in values.values()
    )
    record = DECODER.decode(parse_fragment(f'<resource name="org_office" {said}>{inner}</resource>'.encode()))
    if by_importer and record.modified_on is None:
        record.modified_on = datetime(2026, 3, 1)
    again = DECODER.decode(parse_fragment(encode_record(record, SCHEMA).encode()))
    assert again.errors.keys() == record.errors.keys() - {"null"}
    assert (again.uuid, again.tuid, again.mci) == (record.uuid, record.tuid, record.mci)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 60))
def test_rubbish_is_refused_and_breaks_nothing(rubbish: bytes, position: int) -> None:
    whole = b'<s3xml><resource name="org_office" uuid="u"><data field="name">x</data></resource></s3xml>'
    for data in (rubbish, whole[:position] + rubbish + whole[position:]):
        try:
            for element in DocumentReader(io.BytesIO(data)):
                assert element.tag == "resource"
        except DocumentError as error:
            assert error.message
