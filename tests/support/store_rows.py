"""Rows for the contracts of the store: of all kinds, and ten organisations."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from s3sync.core.schema import Table
from s3sync.core.text import normalised
from tests.support.databases import Storage

NOW = datetime(2026, 3, 4, 5, 6, 7)
META = ("uuid", "deleted", "modified_on", "mci")

FULL: dict[str, Any] = {
    "string_field": 'Ärzte | o\'Clock % _ \\ "x" 中 😀',
    "text_field": "two\nlines\r\n\tand a tab",
    "integer_field": -2147483648,
    "bigint_field": 2**62,
    "double_field": 83.98558939999998,
    "decimal_field": Decimal("123456789.125"),
    "boolean_field": True,
    "date_field": date(1066, 10, 14),
    "time_field": time(23, 59, 58),
    "datetime_field": datetime(2026, 12, 31, 23, 59, 59),
    "json_field": {"a": [1, 2.5, None, "x|y"], "ü": {"b": True}},
    "upload_field": "dev_sample.upload_field.a1b2c3d4e5f60718.612e747874.txt",
    "strings_field": ["a|b", "|c", "d|", "Ü"],
    "integers_field": [3, 1, 2],
    "references_field": [1, 2],
    "reference_field": 1,
}
OTHER: dict[str, Any] = {
    "string_field": "",
    "text_field": " ",
    "integer_field": 0,
    "bigint_field": 0,
    "double_field": 0.0,
    "decimal_field": Decimal("0.000"),
    "boolean_field": False,
    "date_field": date(2026, 2, 28),
    "time_field": time(0, 0, 0),
    "datetime_field": datetime(1900, 1, 1),
    "json_field": [],
    "upload_field": "",
    "strings_field": [],
    "integers_field": [],
    "references_field": [],
    "reference_field": None,
}


def meta() -> list[Any]:
    return [uuid.uuid4().urn, False, NOW, 0]


def look_alike(
    store: Any,
    table: Table,
    columns: Sequence[str],
    by: Sequence[str],
    keys: Sequence[tuple[Any, ...]],
    *,
    ignore_case: bool = False,
) -> list[tuple[Any, ...]]:
    """Match texts as an import does, which makes them comparable itself."""
    comparable = [
        tuple(normalised(value, ignore_case) if isinstance(value, str) else value for value in key)
        for key in keys
    ]
    found: list[tuple[Any, ...]] = store.match(table, columns, by, comparable, ignore_case=ignore_case)
    return found


class WithOrganisations:
    """Supplies ten organisations at a site."""

    @pytest.fixture
    def organisations(self, site: Storage) -> list[int]:
        rows = [(f"Org {n}", f"O{n}", 1900 + n, *meta()) for n in range(10)]
        with site.store.transaction():
            return site.store.insert(site.table("org_organisation"), ("name", "acronym", "year", *META), rows)
