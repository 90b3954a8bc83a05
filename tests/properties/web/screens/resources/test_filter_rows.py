"""Filters survive the form: what a row says becomes the same row again, and no filter is changed by being shown."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.web.screens.resources.filter_rows import (
    COMPARISONS,
    NOTHING,
    OFFERED,
    SEVERAL,
    FieldEntry,
    FilterRow,
    filter_of,
    row_of,
)
from s3sync.wire.filters import Filter, Operator, Selector

OPTIONS = {"1": "one", "2": "two", "a,b": "with a comma", "NONE": "called none"}
ENTRIES = {
    f"~.{kind}": FieldEntry(f"~.{kind}", kind, kind, OPTIONS if kind == "choice" else {}) for kind in OFFERED
}
ENTRIES["contact.value"] = FieldEntry("contact.value", "Contact", "text")
ENTRIES["~.site_id$list"] = FieldEntry("~.site_id$list", "Choices of the site", "list", OPTIONS)

plain = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8)
odd = st.sampled_from(
    ["NONE", "", '"', "\\", "a,b", "1", "2", "*", "a*", "*a", "*a*", "*a?*", "true", "2026-01-31", " x"]
)
moments = st.sampled_from(["2026-01-31T10:20", "2026-01-31T10:20:30", "10:20", "12"])
selectors = st.sampled_from(
    [Selector(alias, tuple(path.split("$"))) for alias, _, path in (each.partition(".") for each in ENTRIES)]
    + [Selector("~", ("nosuch",))]
)
filters = st.builds(
    Filter,
    st.sampled_from([None, None, None, "org_office"]),
    st.one_of(st.tuples(selectors), st.tuples(selectors, selectors)),
    st.sampled_from(Operator),
    st.lists(st.one_of(st.none(), plain, odd, moments), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(filters)
def test_a_filter_that_is_shown_and_stored_again_is_the_same(filter: Filter) -> None:
    row = row_of(filter, ENTRIES)
    assert filter_of(row, ENTRIES.get(row.selector)) == filter


@st.composite
def rows(draw: st.DrawFn) -> FilterRow:
    """What a person can enter."""
    selector = draw(st.sampled_from(sorted(ENTRIES)))
    entry = ENTRIES[selector]
    comparison = draw(st.sampled_from(OFFERED[entry.kind]))
    takes = COMPARISONS[comparison].takes
    word = plain.map(str.strip).filter(lambda text: text and text.isprintable() and not set(text) & set("*?"))
    spelled: dict[str, Any] = {
        "date": st.dates().map(str),
        "datetime": st.datetimes().map(lambda moment: moment.isoformat()[:16]),
        "time": st.times().map(lambda moment: moment.isoformat()[:5]),
        "yesno": st.sampled_from(["true", "false"]),
    }
    if takes == NOTHING:
        return FilterRow(selector, comparison)
    if takes == SEVERAL and entry.options:
        ticked = draw(st.sets(st.sampled_from(sorted(OPTIONS)), min_size=1))
        return FilterRow(selector, comparison, tuple(each for each in OPTIONS if each in ticked))
    if takes == SEVERAL:
        word = st.lists(st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True), min_size=2, max_size=3).map(",".join)
    if comparison == "like":
        word = st.sampled_from(["a*b", "a?", "*a?*"])
    return FilterRow(selector, comparison, (draw(spelled.get(entry.kind, word)),))


@settings(max_examples=500, deadline=None)
@given(rows())
def test_a_row_that_is_stored_is_shown_again_as_it_was(row: FilterRow) -> None:
    assert row_of(filter_of(row, ENTRIES[row.selector]), ENTRIES) == row
