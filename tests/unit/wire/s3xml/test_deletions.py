"""The attribute ``deletion``: who deleted a record, where, and what took it along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.kept import DeletionMark
from s3sync.core.records import Record
from s3sync.wire.s3xml import encode_record, read_deletion, write_deletion
from tests.support.s3xml import SCHEMA, decode

SITES = st.just("") | st.from_regex(r"[0-9a-f]{8}(\.[0-9]{1,4})?", fullmatch=True)
NAMES = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=40).filter(
    str.isprintable
)
MARKS = st.builds(
    DeletionMark,
    SITES,
    st.just("") | NAMES,
    st.none() | st.tuples(st.sampled_from(["pr_person", "org_office"]), NAMES),
)


@given(MARKS)
def test_what_is_written_is_read_again(mark: DeletionMark) -> None:
    assert read_deletion(write_deletion(mark)) == mark


def test_as_it_is_written() -> None:
    full = DeletionMark("ab12cd34", "ann@example.org", ("pr_person", "urn:uuid:1"))
    assert write_deletion(full) == "ab12cd34~ann@example.org=pr_person/urn:uuid:1"
    assert write_deletion(DeletionMark()) == ""


@pytest.mark.parametrize(
    "text", ["a b", "=", "~", "AB", "=pr_person", "=Pr_Person/u", "=pr_person/%00", "x!", "!" * 70000]
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        read_deletion(text)
    record = decode(f'<resource name="org_office" uuid="u" deleted="True" deletion="{text}"/>')
    assert record.deletion is None and "deletion" in record.errors


def test_only_a_deleted_record_has_it() -> None:
    mark = DeletionMark("ab12cd34")
    told = encode_record(Record("org_office", "u", deleted=True, deletion=mark), SCHEMA)
    assert told == '<resource name="org_office" uuid="u" deleted="True" deletion="ab12cd34"></resource>'
    assert decode(told).deletion == mark
    assert decode(told.replace(' deleted="True"', "")).deletion is None
    untold = encode_record(Record("org_office", "u", deleted=True), SCHEMA)
    assert "deletion" not in untold and decode(untold).deletion is None
