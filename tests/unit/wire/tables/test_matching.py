"""Columns are found by the names that people and programs have for fields."""

from __future__ import annotations

from s3sync.wire.tables.matching import matched

FIELDS = {
    "name": ["Name"],
    "phone": ["Telephone", "Telefon"],
    "organisation_id": ["Organization"],
    "uuid": ["Identifier"],
}


def test_a_heading_is_found_by_label_language_and_name() -> None:
    assert matched(["NAME *", "telefon:", "organisation_id", "?"], FIELDS) == [
        "name",
        "phone",
        "organisation_id",
        None,
    ]


def test_a_field_is_taken_once() -> None:
    assert matched(["Name", "name", "Identifier"], FIELDS) == ["name", None, "uuid"]


def test_nothing_matches_nothing() -> None:
    assert matched([], FIELDS) == [] and matched([""], FIELDS) == [None]
