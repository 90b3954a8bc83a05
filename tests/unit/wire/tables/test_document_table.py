"""The records of a document are rows, whatever fields each has."""

from __future__ import annotations

import io

import pytest

from s3sync.wire.tables import document_table as document_table
from s3sync.wire.tables.cells import TableError
from tests.support.documents import data, resource

OFFICE = "org_office"


def rows(records: str, most: int = 1_000_000) -> list[list[str]]:
    return list(document_table.read(io.BytesIO(f"<s3xml>{records}</s3xml>".encode()), OFFICE, most))


def test_each_field_is_a_column_and_a_reference_the_identifier() -> None:
    records = (
        '<resource name="org_office" uuid="1"><data field="name"> A &amp; B </data>'
        '<data field="n" value="3"/></resource>'
        '<resource name="org_organisation" uuid="o"><data field="name">Left out</data></resource>'
        '<resource name="org_office"><reference field="organisation_id" resource="org_organisation" uuid="o"/>'
        '<data field="open" value="true">Yes</data><data field="n" value="null"/></resource>'
        '<resource name="org_office" uuid="2" deleted="True"/>'
    )
    assert rows(records) == [
        ["uuid", "name", "n", "organisation_id", "open"],
        ["1", "A & B", "3", "", ""],
        ["", "", "", "o", "true"],
    ]


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(TableError):
        list(document_table.read(io.BytesIO(b"<html/>"), OFFICE, 1000))
    with pytest.raises(TableError):
        rows(resource(OFFICE, "1", data("name", "x" * 2000)), most=1000)
