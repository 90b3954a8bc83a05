"""Records and error trees are written as an Eden writes them."""

from __future__ import annotations

import io
from datetime import datetime

from lxml import etree

from s3sync.core.records import Action, FieldError, Outcome, Record
from s3sync.wire.s3xml import (
    FOOTER,
    RESOURCE_CLOSE,
    DocumentReader,
    encode_record,
    header,
    list_reference,
    reference,
    rejected_uuids,
    resource_open,
)
from s3sync.wire.s3xml import error_tree as error_tree
from tests.support.growth import grows_no_faster_than_its_input
from tests.support.s3xml import SCHEMA, decode

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


def test_an_answer_of_a_million_parts_is_read_in_linear_time() -> None:
    def answer(parts: int) -> object:
        deep: object = []
        for _ in range(parts // 100):
            deep = [deep]
        return {"$_org_office": [{"@uuid": "u1", "x": [[]] * parts, "y": deep}]}

    grows_no_faster_than_its_input(rejected_uuids, answer, 2000)
    assert rejected_uuids(answer(500_000)) == {"u1": "Validation error"}
