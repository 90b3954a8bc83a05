"""Filters survive being written and read, and an Eden reads the same values."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.wire.filters import (
    Filter,
    Operator,
    Selector,
    filter_text,
    parse_filter,
    parse_filter_string,
    to_query,
    write_filter,
)

names = st.from_regex(r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,6})?", fullmatch=True)
selectors = st.builds(
    Selector, st.one_of(st.just("~"), names), st.lists(names, min_size=1, max_size=3).map(tuple)
)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
odd = st.sampled_from(
    ["NONE", "None", "", '"', "\\", '\\"', 'a\\\\"b,', "a,b\\", " ", "*", "a&b=c", "%41", "+"]
)
values = st.lists(st.one_of(st.none(), texts, odd), min_size=1, max_size=4).map(tuple)
filters = st.builds(
    Filter,
    st.one_of(st.none(), names),
    st.lists(selectors, min_size=1, max_size=3).map(tuple),
    st.sampled_from(Operator),
    values,
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(filters)
def test_parse_of_write_is_the_filter(filter: Filter) -> None:
    assert parse_filter(*write_filter(filter)) == filter


@settings(max_examples=100, deadline=None)
@given(st.lists(filters, max_size=3))
def test_filters_survive_a_query_string(several: list[Filter]) -> None:
    query = to_query(several)
    assert [parse_filter(*pair) for pair in parse_qsl(query, keep_blank_values=True)] == several
    assert parse_filter_string(query) == several


@settings(max_examples=200, deadline=None)
@given(filters)
def test_filters_survive_being_shown_and_entered(filter: Filter) -> None:
    text = filter_text(filter)
    assert text.splitlines() == [text]
    assert parse_filter_string(f" {text} ") == [filter]


def as_eden_reads(text: str) -> list[Any]:
    """The values an Eden finds: split at commas outside quotes, outer quotes off, escaped quotes restored."""
    parts, word, quoted, escaped = [], "", False, False
    for character in text:
        if character == "," and not quoted:
            parts.append(word)
            word = ""
        else:
            if character == '"' and not escaped:
                quoted = not quoted
            word += character
        escaped = character == "\\"
    parts.append(word)

    def unquoted(word: str) -> str:
        return word.replace('\\"', '"\\').strip('"').replace('"\\', '"')

    return [None if word in ("NONE", "None") else unquoted(word) for word in parts]


# An Eden has no way to write a backslash before a quote, nor one at the end of what needs quotes; and it takes a
# quote at the beginning of a value for one around it.
@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), texts.filter(lambda text: "\\" not in text and text[:1] != '"')),
        min_size=1,
        max_size=4,
    )
)
def test_eden_reads_the_same_values(several: list[Any]) -> None:
    filter = Filter(None, (Selector("~", ("name",)),), Operator.EQ, tuple(several))
    assert as_eden_reads(write_filter(filter)[1]) == several
