"""Two kept versions disagree on the fields that both sides edited, and on no others."""

from __future__ import annotations

from s3sync.core.fields import Change, Edit, Edits, Stamp
from s3sync.core.kept import Side
from s3sync.core.records import Record
from s3sync.exchange.disputes import Disagreement, disagreement
from tests.support.s3xml import SCHEMA

TABLE = SCHEMA.table("org_organisation")


def version(edits: Edits | None = None, **values: str) -> Record:
    return Record("org_organisation", "u", values=dict(values), edits=edits)


def edits(seen: dict[str, int] | None = None, **fields: tuple[int, str]) -> Edits:
    made = {name: Edit(Stamp(*stamp), "ann") for name, stamp in fields.items()}
    known = dict(seen or {})
    for time, site in fields.values():
        known[site] = max(time, known.get(site, 0))
    return Edits(made, known)


OURS = version(edits(contact=(10, "here"), year=(11, "here")), contact="1", year="2001", comments="old")
THEIRS = version(
    edits(contact=(20, "there"), comments=(21, "there")), contact="2", year="2000", comments="new"
)


def known(ours: Record = OURS, theirs: Record = THEIRS) -> Disagreement:
    found = disagreement(ours, theirs, TABLE)
    assert found is not None
    return found


def test_only_what_both_edited_is_in_dispute() -> None:
    assert known().fields == {"contact"} and known().disputes[0].winner is Side.THEIRS


def test_a_decision_settles_the_edits_in_dispute() -> None:
    stamps = known().stamps
    assert stamps == (Stamp(10, "here"), Stamp(20, "there"))
    assert known().is_settled([*stamps, Stamp(1, "else")]) and not known().is_settled(stamps[:1])


def test_what_both_had_is_the_value_before_the_edits_that_the_other_site_has_not_seen() -> None:
    shared = Change(1, Stamp(5, "there"), "", {"contact": ["before both"]})
    theirs = version(
        edits({"there": 21}, contact=(20, "there"), comments=(21, "there")), contact="2", comments="new"
    )
    ours = version(edits({"there": 5}, contact=(10, "here")), contact="1", comments="old")
    changes = [
        shared,
        Change(1, Stamp(10, "here"), "", {"contact": ["what both had"]}),
        Change(1, Stamp(30, "here"), "", {"contact": ["later"]}),
    ]
    assert known(ours, theirs).before(changes) == {"contact": ["what both had"]}


def test_versions_of_senders_that_tell_no_edits_disagree_as_a_whole() -> None:
    assert disagreement(OURS, version(contact="2"), TABLE) is None
    assert disagreement(OURS, None, TABLE) is None
