"""A file of features is a table: a row a feature, a column a property."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from s3sync.wire.tables import feature_table as feature_table
from s3sync.wire.tables.cells import LONGEST_CELL, MOST_COLUMNS, TableError


def table(*features: dict[str, Any]) -> list[list[str]]:
    told = {"type": "FeatureCollection", "features": [{"type": "Feature", **each} for each in features]}
    return list(feature_table.read(io.BytesIO(json.dumps(told).encode())))


def test_each_property_of_any_feature_is_a_column() -> None:
    found = table(
        {
            "id": "urn:uuid:1",
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "properties": {"name": " A "},
        },
        {
            "id": 7,
            "geometry": None,
            "properties": {"n": 3.0, "x": 2.5, "yes": True, "list": ["a"], "none": None},
        },
        {"id": "12", "properties": {}},
    )
    assert found == [
        ["uuid", "geometry", "name", "n", "x", "yes", "list", "none"],
        ["urn:uuid:1", '{"type":"Point","coordinates":[1,2]}', "A", "", "", "", "", ""],
        ["", "", "", "3", "2.5", "true", '["a"]', ""],
        ["", "", "", "", "", "", "", ""],
    ]


def test_what_goes_beyond_the_limits_of_tables_is_refused() -> None:
    with pytest.raises(TableError, match="more than 198 properties"):
        table({"properties": {str(each): 1 for each in range(MOST_COLUMNS)}})
    with pytest.raises(TableError, match="feature 1 has a text of more than"):
        table({"properties": {"name": "x" * (LONGEST_CELL + 1)}})
    with pytest.raises(TableError, match="it is no FeatureCollection"):
        list(feature_table.read(io.BytesIO(b'{"$_org_organisation": []}')))
