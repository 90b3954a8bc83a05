"""Which record of this site a record that arrives is."""

from __future__ import annotations

import pytest

from s3sync.core.policy import Terms
from s3sync.exchange.exporter import Exporter
from tests.support.documents import (
    LATER,
    OFFICE,
    ORG,
    PERSON,
    contact,
    data,
    org,
    person,
    reasons,
    ref,
    resource,
    told,
)
from tests.support.site import SampleSite

# --- identification -------------------------------------------------------------------------------------


def test_our_own_domain_is_stripped_and_others_are_kept(site: SampleSite) -> None:
    site.push(org("here.org/X", "A") + org("there.org/X", "B"), ORG, own_domain="here.org")
    assert site.row(ORG, "X").name == "A"
    assert site.row(ORG, "there.org/X").name == "B"


def test_references_of_an_eden_lack_the_domain_its_records_carry(site: SampleSite) -> None:
    text = (
        '<s3xml domain="vm">'
        + resource(OFFICE, "vm/OFF", data("name", "Office"), ref("organisation_id", ORG, "ORG-1"))
        + org("vm/ORG-1", "Org")
        + "</s3xml>"
    )
    assert told(site.take(text, OFFICE)) == {"created": 2}
    assert site.row(OFFICE, "vm/OFF").organisation_id == site.row(ORG, "vm/ORG-1").id


def test_a_record_with_an_unknown_uuid_is_recognised_by_a_unique_value_and_keeps_its_own_uuid(
    site: SampleSite,
) -> None:
    table = "org_organisation_type"
    site.push(resource(table, "mine", data("name", "NGO")), table)
    report = site.push(
        resource(table, "theirs", data("name", "NGO"), data("comments", "same"), modified_on=LATER), table
    )
    assert told(report) == {"updated": 1}
    assert site.row(table, "mine").comments == "same"
    assert site.row(table, "theirs") is None


def test_a_record_without_uuid_is_recognised_by_the_duplicate_rule(site: SampleSite) -> None:
    site.push(org("u", "Red Cross"), ORG)
    report = site.push(org(None, "RED CROSS", data("acronym", "RC"), modified_on=LATER), ORG)
    assert told(report) == {"updated": 1}
    assert site.row(ORG, "u").acronym == "RC"


def test_a_record_without_uuid_gets_one(site: SampleSite) -> None:
    assert told(site.push(org(None, "Fresh"), ORG)) == {"created": 1}
    assert site.rows(ORG)[0].uuid.startswith("urn:uuid:")


def test_the_same_record_twice_without_uuid_is_one_record(site: SampleSite) -> None:
    report = site.push(org(None, "Twin") + org(None, "twin", modified_on=LATER), ORG)
    assert told(report) == {"created": 1, "updated": 1}
    assert len(site.rows(ORG)) == 1


def test_several_candidates_are_ambiguous(site: SampleSite) -> None:
    site.push(org("u", "Same") + org("v", "Same"), ORG)
    report = site.push(org(None, "same"), ORG)
    assert told(report) == {"rejected": 1}
    assert "Ambiguous" in reasons(report)[0]


def test_an_unknown_uuid_is_new_and_a_probable_duplicate_is_reported(site: SampleSite) -> None:
    site.push(org("u", "Same"), ORG)
    report = site.push(org("other", "Same"), ORG)
    assert told(report) == {"created": 1}
    assert "duplicate" in report.warnings[0]


def test_synchronised_uuids_adopt_the_peers(site: SampleSite) -> None:
    site.push(org("mine", "Same"), ORG)
    key = site.row(ORG, "mine").id
    report = site.push(org("theirs", "same", modified_on=LATER), ORG, Terms(synchronise_uuids=True))
    assert told(report) == {"updated": 1}
    assert site.row(ORG, "theirs").id == key
    assert len(site.rows(ORG)) == 1


#: What two people wrote for the same: letters in one or two characters, blanks where nobody sees them.
ALIKE = [
    ("Zo\u00e9", "Zoe\u0301"),
    ("ZO\u00c9", "Zoe\u0301"),
    ("E\u0301lodie Zo\u00e9", "\u00c9lodie Zoe\u0301"),
    ("H\u1ed9i", "Ho\u0323\u0302i"),
    ("\u0419\u043e\u0448\u043a\u0430\u0440", "\u0438\u0306\u043e\u0448\u043a\u0430\u0440"),
    ("Trailing ", "Trailing"),
    (" trailing  ", "Trailing"),
    ("Red  Cross", "Red Cross"),
    ("Red\u00a0Cross", "Red Cross"),
    ("Red\tCross", "Red Cross"),
    ("Red\u2009Cross", "Red Cross"),
    ("Red Cross\u200b", "Red Cross"),
    ("\ufeffRed\u00ad Cross\u200e", "Red Cross"),
    ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
]
BOTH_WAYS = [*ALIKE, *(pair[::-1] for pair in ALIKE)]


def given(site: SampleSite, name: str) -> None:
    """Make an organisation whose name is stored as it is."""
    site.push(org("mine", "x"), ORG)
    site.db(site.db[ORG].uuid == "mine").update(name=name)
    site.db.commit()


@pytest.mark.parametrize(("here", "there"), BOTH_WAYS)
def test_names_that_look_the_same_are_reported(site: SampleSite, here: str, there: str) -> None:
    given(site, here)
    report = site.push(org("theirs", there), ORG)
    assert told(report) == {"created": 1}
    assert "duplicate of org_organisation mine" in "".join(map(str, report.warnings))


@pytest.mark.parametrize(("here", "there"), BOTH_WAYS)
def test_names_that_look_the_same_are_one_record(site: SampleSite, here: str, there: str) -> None:
    given(site, here)
    report = site.push(org("theirs", there, modified_on=LATER), ORG, Terms(synchronise_uuids=True))
    assert told(report) == {"updated": 1}
    assert [row.uuid for row in site.rows(ORG)] == ["theirs"]


def test_names_of_which_a_blank_is_left_are_two_records(site: SampleSite) -> None:
    report = site.push(org("u", "Red Cross") + org("v", "RedCross") + org("w", "Zoe"), ORG)
    report = site.push(org("x", "Zo\u00e9") + org("y", "R edcross"), ORG)
    assert told(report) == {"created": 2} and not report.warnings


def test_a_record_without_uuid_twice_in_two_spellings_is_one_record(site: SampleSite) -> None:
    report = site.push(org(None, "Zo\u00e9 ") + org(None, "zoe\u0301", modified_on=LATER), ORG)
    assert told(report) == {"created": 1, "updated": 1}


def test_nothing_but_blanks_is_no_name_to_compare(site: SampleSite) -> None:
    given(site, " ")
    assert not site.push(org("theirs", "  "), ORG).warnings


# --- identifiers toward an Eden ---------------------------------------------------------------------------


def test_an_eden_sees_our_domain_before_bare_identifiers_and_one_of_ours_does_not(site: SampleSite) -> None:
    site.exporter = Exporter(site.ports, "http://here.org/eden", domain="here.org")
    text = resource(OFFICE, "bare", data("name", "Office"), ref("organisation_id", ORG, "urn:uuid:g"))
    site.push(text + org("urn:uuid:g", "Org"), OFFICE)
    site.push(person("plain", "Ann", contact("c", "a@b.org")), PERSON)
    for_eden = site.export(OFFICE, paged=False)[0].decode() + site.export(PERSON, paged=False)[0].decode()
    assert 'domain="here.org"' in for_eden
    for name in ("here.org/bare", "here.org/plain", "here.org/c", "urn:uuid:g"):
        assert f'uuid="{name}"' in for_eden
    for_ours = site.export(OFFICE)[0].decode()
    assert 'uuid="bare"' in for_ours and "here.org/bare" not in for_ours and "domain=" not in for_ours
