"""Lists to which two sites added members, or from which they removed some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.exchange.importer.by_field.lists import joined

MEMBERS = st.lists(st.integers(0, 9), unique=True, max_size=6)


@pytest.mark.parametrize(
    ("base", "earlier", "later", "result"),
    [
        ([], [1], [2], [1, 2]),
        ([1, 2, 3], [1, 2], [2, 3], [2]),
        ([1, 2], [1, 2, 3], [1], [1, 3]),
        ([1, 2], [2, 1, 3], [4, 1, 2], [2, 1, 3, 4]),
        ([1], [], [1, 2], [2]),
        ([], [], [], []),
    ],
)
def test_what_either_added_is_in_and_what_either_removed_is_out(
    base: list[int], earlier: list[int], later: list[int], result: list[int]
) -> None:
    assert joined(base, earlier, later) == result


@given(MEMBERS, MEMBERS, MEMBERS)
def test_whoever_joins_two_lists_gets_the_same_members(
    base: list[int], one: list[int], other: list[int]
) -> None:
    found = joined(base, one, other)
    assert set(found) == set(joined(base, other, one)) and len(found) == len(set(found))
    assert set(found) == (set(one) & set(other)) | (set(one) - set(base)) | (set(other) - set(base))
