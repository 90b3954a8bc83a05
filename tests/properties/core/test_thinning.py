"""What is thinned says the same about the present version of a record, and is not more than that needs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.fields import EVERY_FIELD, Change, Stamp, fold, thinned

FIELDS = ("phone", "year", EVERY_FIELD)
stamps = st.builds(Stamp, st.integers(0, 9), st.sampled_from("abc"))
values: st.SearchStrategy[list[Any]] = st.sampled_from([[], ["x"]])
histories = st.lists(
    st.builds(
        Change,
        st.just(1),
        stamps,
        st.sampled_from(("", "ann@example.org")),
        st.dictionaries(st.sampled_from(FIELDS), values, max_size=3),
        settled=st.lists(stamps, max_size=2, unique=True).map(tuple) | st.just(()),
        position=st.integers(1, 9),
    ),
    max_size=12,
)


@given(histories, st.integers(0, 10))
def test_the_present_version_has_the_same_edits(history: list[Change], until: int) -> None:
    kept = [each for each in thinned(history, lambda change: (change.position or 0) < until) if each]
    assert fold(kept) == fold(history)


@given(histories, st.integers(0, 10))
def test_what_is_not_old_stays_as_it_is(history: list[Change], until: int) -> None:
    kept = thinned(history, lambda change: (change.position or 0) < until)
    for change, left in zip(history, kept):
        if (change.position or 0) >= until:
            assert left is change


@given(histories)
def test_of_what_is_old_no_more_is_left_than_needed(history: list[Change]) -> None:
    kept = [each for each in thinned(history, lambda change: True) if each]
    assert all(value == [] for each in kept for value in each.fields.values())
    assert thinned(kept, lambda change: True) == kept
    undecided = [each for each in kept if not each.settled]
    assert len(undecided) <= len(FIELDS) + len({each.stamp.site for each in history})
