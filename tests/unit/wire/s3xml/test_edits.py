"""The attribute that tells which fields of a record were edited."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.fields import EVERY_FIELD, NO_EDITS, Edit, Edits, Stamp
from s3sync.core.records import Record
from s3sync.wire.s3xml import encode_record, parse_fragment, read_edits, write_edits
from tests.support.s3xml import DECODER, SCHEMA

SITES = st.sampled_from(["ab12cd34", "00000000", "ab12cd34.17"])
STAMPS = st.builds(Stamp, st.integers(0, 1 << 50), SITES)
PEOPLE = st.one_of(
    st.just(""), st.emails().map(str), st.text(min_size=1, max_size=40).map(lambda text: f"{text}@x")
)
NAMES = st.sampled_from(["phone", "comments", "lat", "lon", EVERY_FIELD])


@st.composite
def versions(draw: st.DrawFn) -> Edits:
    """Versions that have seen the edits they hold; one edit is by one person and settles one set."""
    edits = {
        stamp: Edit(stamp, draw(PEOPLE), tuple(draw(st.lists(STAMPS, max_size=2))))
        for stamp in draw(st.lists(STAMPS, min_size=1, max_size=4, unique=True))
    }
    fields = {
        name: edits[draw(st.sampled_from(sorted(edits)))] for name in draw(st.lists(NAMES, unique=True))
    }
    seen = dict(draw(st.dictionaries(SITES, st.integers(0, 1 << 50), max_size=3)))
    for edit in fields.values():
        seen[edit.stamp.site] = max(edit.stamp.time, seen.get(edit.stamp.site, 0))
    return Edits(fields, seen)


@given(versions(), PEOPLE)
def test_what_is_written_is_read_again(edits: Edits, modified_by: str) -> None:
    assert read_edits(write_edits(edits, modified_by), modified_by) == edits


def test_who_changed_a_record_last_is_another_person_for_each_record() -> None:
    people = ["ann@x", "bo@x", None]
    read = [read_edits("1f@ab12cd34~=phone", person).fields["phone"].by for person in people]
    assert read == ["ann@x", "bo@x", ""]


def test_the_form_on_the_line() -> None:
    stamp = Stamp(0x19AC, "ab12cd34")
    edits = Edits(
        {"phone": Edit(stamp, "ann@example.org"), "year": Edit(stamp, "ann@example.org")},
        {"ab12cd34": 0x19AC, "ef56ab78": 255},
    )
    assert write_edits(edits, "ann@example.org") == "19ac@ab12cd34~=phone,year ff@ef56ab78"
    assert write_edits(edits, None).startswith("19ac@ab12cd34~ann@example.org=")
    assert write_edits(NO_EDITS, None) == "" and read_edits("", None) == NO_EDITS


@pytest.mark.parametrize(
    "text",
    [
        "phone",
        "19ac@",
        "@ab12",
        "19ac@AB12CD34",
        "19ac@ab12=ph one",
        "19ac@ab12=a,,b",
        "19ac@ab12  ff@cd34",
        "19ac@ab12=a!x",
        "19ac@ab12=a!1@",
        f"{'f' * 14}@ab12",
        "19ac@ab12=" + "a" * 65,
        "19ac@ab12 " * 1700,
        "１@ab12",
    ],
)
def test_what_cannot_be_read_is_an_error_of_the_record(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_edits(text, None)
    record = DECODER.decode(parse_fragment(f'<resource name="org_office" uuid="u" edits="{text}"/>'.encode()))
    assert record.edits is None and "edits" in record.errors and record.uuid == "u"


def test_what_is_too_long_for_a_reader_is_told_without_people() -> None:
    settled = tuple(Stamp(1 << 40, f"{number:08x}") for number in range(20))
    fields = {f"f{n}": Edit(Stamp(n, "ab12cd34"), f"{n}@example.org", settled) for n in range(60)}
    edits = Edits(fields, {"ab12cd34": 59})
    read = read_edits(write_edits(edits, None), None)
    assert read.seen == edits.seen and {name: each.stamp for name, each in read.fields.items()} == {
        name: each.stamp for name, each in fields.items()
    }


def test_a_record_that_is_kept_says_that_it_has_no_edits() -> None:
    kept = encode_record(Record("org_office", "u", edits=NO_EDITS), SCHEMA)
    assert ' edits=""' in kept and DECODER.decode(parse_fragment(kept.encode())).edits == NO_EDITS
    untold = encode_record(Record("org_office", "u"), SCHEMA)
    assert "edits" not in untold and DECODER.decode(parse_fragment(untold.encode())).edits is None
