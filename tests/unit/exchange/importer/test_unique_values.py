"""Unique values that change hands, and records that sites know under several uuids."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from s3sync.core.policy import Terms
from s3sync.site.rejected import retry_rejected
from tests.support.documents import LATER, ORG, data, deleted, org, reasons, ref, resource, told
from tests.support.exchange import Pair
from tests.support.site import Clock, SampleSite

TYPE = "org_organisation_type"
LINK = "org_organisation_organisation_type"


def kind(uuid: str | None, name: str, *parts: str, **more: object) -> str:
    return resource(TYPE, uuid, data("name", name), *parts, **more)  # type: ignore[arg-type]


def names(site: SampleSite) -> dict[str, str]:
    return {row.uuid: row.name for row in site.rows(TYPE)}


# --- values that change hands ---------------------------------------------------------------------------


def test_two_records_that_swap_a_unique_value_have_each_others(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    report = site.push(kind("1", "Violet", modified_on=LATER) + kind("2", "Amber", modified_on=LATER), TYPE)
    assert told(report) == {"updated": 2}
    assert names(site) == {"1": "Violet", "2": "Amber"}


def test_values_go_round_among_many(site: SampleSite) -> None:
    site.push("".join(kind(str(n), f"Name {n}") for n in range(7)), TYPE)
    report = site.push(
        "".join(kind(str(n), f"Name {(n + 1) % 7}", modified_on=LATER) for n in range(7)), TYPE
    )
    assert told(report) == {"updated": 7}
    assert names(site) == {str(n): f"Name {(n + 1) % 7}" for n in range(7)}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("taker", ["2", "new"])
def test_a_value_that_is_passed_on_arrives_in_either_order(site: SampleSite, first: int, taker: str) -> None:
    site.push(kind("1", "Granite") + kind("2", "Slate"), TYPE)
    texts = [kind("1", "Basalt", modified_on=LATER), kind(taker, "Granite", modified_on=LATER)]
    report = site.push(texts[first] + texts[1 - first], TYPE)
    assert not report.failures
    assert {"2": "Slate", "1": "Basalt", taker: "Granite"} == names(site)


def test_a_known_uuid_is_not_overruled_by_a_unique_value(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    report = site.push(kind("2", "Amber", modified_on=LATER), TYPE)
    assert "used by another record" in reasons(report)[0]
    assert names(site) == {"1": "Amber", "2": "Violet"}
    assert [row.kind for row in site.kept()] == ["rejected"], "and a person is told"


def test_who_wants_the_value_of_a_record_that_is_rejected_is_rejected_too(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet") + kind("3", "Grey"), TYPE)
    text = kind("1", "x" * 300, data("comments", "new"), modified_on=LATER) + kind(
        "2", "Amber", modified_on=LATER
    )
    report = site.push(text + kind("3", "Violet", modified_on=LATER), TYPE)
    assert told(report) == {"rejected": 3}
    assert names(site) == {"1": "Amber", "2": "Violet", "3": "Grey"}


def test_a_record_whose_own_version_stays_gives_nothing_up(site: SampleSite) -> None:
    site.push(kind("1", "Amber", modified_on=LATER) + kind("2", "Violet"), TYPE)
    report = site.push(kind("1", "Red") + kind("2", "Amber", modified_on=LATER), TYPE)
    assert told(report) == {"skipped": 1, "rejected": 1}
    assert names(site) == {"1": "Amber", "2": "Violet"}


def test_a_swap_that_comes_in_two_pages_is_made_when_both_are_here(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    site.push(kind("1", "Violet", modified_on=LATER), TYPE)
    site.push(kind("2", "Amber", modified_on=LATER), TYPE)
    site.db.sync_repository.insert(id=1, name="one", uuid="one")
    repository = site.repository(1)
    with site.store.transaction():
        report = retry_rejected(repository, TYPE, Terms(), repository.context(TYPE))
    assert told(report) == {"updated": 2}
    assert names(site) == {"1": "Violet", "2": "Amber"}
    assert not site.kept()


def test_who_takes_a_value_on_an_earlier_page_than_it_is_given_up_is_no_twin(site: SampleSite) -> None:
    site.push(kind("1", "Granite"), TYPE)
    more = site.take(f'<s3xml more="true">{kind("new", "Granite", modified_on=LATER)}</s3xml>', TYPE)
    assert told(more) == {"rejected": 1}
    site.push(kind("1", "Basalt", modified_on=LATER), TYPE)
    site.db.sync_repository.insert(id=1, name="one", uuid="one")
    repository = site.repository(1)
    with site.store.transaction():
        report = retry_rejected(repository, TYPE, Terms(), repository.context(TYPE))
    assert told(report) == {"created": 1}
    assert names(site) == {"1": "Basalt", "new": "Granite"}


# --- twins ----------------------------------------------------------------------------------------------


def test_a_twin_is_known_by_both_uuids_from_then_on(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    assert told(site.push(kind("theirs", "Aqua"), TYPE)) == {"unchanged": 1}
    report = site.push(kind("theirs", "Wash", modified_on=LATER), TYPE)
    assert told(report) == {"updated": 1}
    assert names(site) == {"mine": "Wash"}


def test_what_refers_to_a_twin_by_its_other_uuid_finds_it(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    site.push(kind("theirs", "Aqua"), TYPE)
    link = resource(LINK, "l", ref("organisation_id", ORG, "o"), ref("organisation_type_id", TYPE, "theirs"))
    report = site.push(org("o", "Org") + link, ORG)
    site.push(link, LINK)
    assert not report.failures and not site.waiting()
    assert site.row(LINK, "l").organisation_type_id == site.row(TYPE, "mine").id


def test_a_twin_is_deleted_by_its_other_uuid(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    site.push(kind("theirs", "Aqua"), TYPE)
    assert told(site.push(deleted(TYPE, "theirs", LATER), TYPE)) == {"deleted": 1}
    assert site.row(TYPE, "mine").deleted


@pytest.mark.parametrize("renamed_at", [0, 1])
def test_a_twin_that_is_renamed_has_the_new_name_at_both_sites(tmp_path: Path, renamed_at: int) -> None:
    clock = Clock()
    sites = [SampleSite(tmp_path / name, clock=clock) for name in ("own", "other")]
    for number, each in enumerate(sites):
        each.push(kind(f"u{number}", "Aqua"), TYPE, repository_id=None)
        each.db.commit()
    pair = Pair(sites[0], sites[1], TYPE)
    pair.run()
    clock.step()
    there = sites[renamed_at]
    there.db(there.s3db[TYPE].uuid == f"u{renamed_at}").update(name="Wash", modified_on=clock.now())
    there.db.commit()
    pair.run()
    clock.step()
    pair.run()
    assert [names(each) for each in sites] == [{"u0": "Wash"}, {"u1": "Wash"}]
    for each in sites:
        each.close()


def test_a_reference_by_a_records_own_uuid_asks_for_no_further_ones(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.push(kind("1", "Amber"), TYPE)
    asked: list[str] = []

    def find(table: str, uuids: Collection[str]) -> dict[str, int]:
        asked.extend(uuids)
        return {}

    monkeypatch.setattr(site.twins, "find", find)
    link = resource(LINK, "l", ref("organisation_type_id", TYPE, "1"))
    assert not site.push(org("o", "Relief", link), ORG).failures
    assert asked == []
    site.push(org("o2", "Aid", resource(LINK, "l2", ref("organisation_type_id", TYPE, "2"))), ORG)
    assert set(asked) == {"2"}
