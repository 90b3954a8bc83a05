"""What a person or program imports at this site: an edit like one by form, later than what it edits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from s3sync.core.policy import Policy, Terms
from tests.support.documents import EARLIER, LATER, ORG, PERSON, contact, data, org, person, told
from tests.support.site import NOW, SampleSite

SECOND = timedelta(seconds=1)
SENT_WINS = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)


def imported(site: SampleSite, records: str, table: str = ORG) -> dict[str, int]:
    return told(site.push(records, table, SENT_WINS, repository_id=None))


@pytest.mark.parametrize("ours", [NOW, LATER, EARLIER])
@pytest.mark.parametrize("attribute", ["", f' modified_on="{EARLIER.isoformat()}"'])
def test_an_edit_is_later_than_what_it_edits(site: SampleSite, ours: datetime, attribute: str) -> None:
    site.push(org("u", "Red Cross", modified_on=ours), ORG)
    edited = f'<resource name="{ORG}" uuid="u"{attribute}>{data("name", "Red Crescent")}</resource>'
    assert imported(site, edited) == {"updated": 1}
    assert site.row(ORG, "u").name == "Red Crescent"
    assert site.row(ORG, "u").modified_on >= ours + SECOND or ours == EARLIER
    assert site.row(ORG, "u").modified_on > ours


def test_so_is_a_deletion(site: SampleSite) -> None:
    site.push(org("u", "Red Cross", modified_on=LATER), ORG)
    assert imported(site, f'<resource name="{ORG}" uuid="u" deleted="True"/>') == {"deleted": 1}
    assert site.row(ORG, "u").modified_on == LATER + SECOND


def test_so_is_an_edit_of_a_component(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c", "a@example.org", modified_on=LATER)), PERSON)
    imported(site, person("p", "Ann", contact("c", "b@example.org", modified_on=EARLIER)), PERSON)
    changed = site.row("pr_contact", "c")
    assert (changed.value, changed.modified_on) == ("b@example.org", LATER + SECOND)


def test_what_changes_nothing_keeps_its_time_and_what_is_later_its_own(site: SampleSite) -> None:
    site.push(org("u", "Red Cross", modified_on=LATER), ORG)
    assert imported(site, org("u", "Red Cross", modified_on=EARLIER)) == {"unchanged": 1}
    assert site.row(ORG, "u").modified_on == LATER
    imported(site, org("u", "Red Crescent", modified_on=LATER + 60 * SECOND))
    assert site.row(ORG, "u").modified_on == LATER + 60 * SECOND
