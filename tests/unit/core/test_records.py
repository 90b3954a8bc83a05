"""Values of records, as they are compared."""

from __future__ import annotations

import pytest

from s3sync.core.records import differs


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("POINT (2 1)", "POINT (2.0 1.0)", False),
        ("POINT(-2.50 1)", "POINT (-2.5 1)", False),
        ("POINT (2 1)", "POINT (2 1.5)", True),
        ("POINT (2 1)", None, True),
        ("POINTLESS", "POINTED", True),
        ("POLYGON ((1 1))", "POLYGON ((1.0 1.0))", True),
    ],
)
def test_the_same_point_is_written_in_several_ways(ours: str, theirs: object, expected: bool) -> None:
    assert differs(ours, theirs) is expected
