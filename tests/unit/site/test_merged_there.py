"""Records that refer to what the other site has merged already."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.exchange.importer.deletion import Deleter
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.merging import Sites, chain, edit, settle
from tests.support.site import SampleSite

OFFICE = "org_office"


def owner(site: SampleSite, uuid: str) -> Any:
    """Return the uuid of the organisation of an office."""
    return site.s3db[ORG][site.row(OFFICE, uuid).organisation_id].uuid


def merge(site: SampleSite, uuid: str, survivor: str) -> None:
    """Merge an organisation into another one, as a person does."""
    gone = site.row(ORG, uuid).id
    with site.store.transaction():
        replaced = {gone: site.row(ORG, survivor).id}
        Deleter(site.ports, None).replace(site.schema.table(ORG), replaced, {gone: site.clock.now()})


@pytest.mark.parametrize("is_new", [True, False])
def test_sites_end_equal_where_it_lives_again(sites: Sites, is_new: bool) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    with hq.store.transaction():
        former = hq.s3db[ORG].insert(uuid="v", name="Red Crescent")
        if not is_new:
            hq.s3db[OFFICE].insert(uuid="f", name="Office", organisation_id=hq.row(ORG, "u").id)
    pair = Pair(field, hq, ORG, OFFICE)
    settle([pair])
    hq.clock.moment = field.clock.step(60)
    merge(field, "v", "u")
    if is_new:
        with hq.store.transaction():
            hq.s3db[OFFICE].insert(uuid="f", name="Office", organisation_id=former)
    else:
        edit(hq, "f", OFFICE, organisation_id=former)
    pair.listen()
    assert owner(field, "f") == "u"
    edit(hq, "v", comments="lives")
    settle([pair])
    assert not field.row(ORG, "v").deleted and not hq.row(ORG, "v").deleted
    assert owner(field, "f") == owner(hq, "f")


def test_a_record_does_not_go_round_where_sites_merged_in_opposite_ways(sites: Sites) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    with hq.store.transaction():
        hq.s3db[ORG].insert(uuid="v", name="Red Crescent")
        hq.s3db[OFFICE].insert(uuid="f", name="Office", organisation_id=hq.row(ORG, "u").id)
    settle([Pair(field, hq, ORG, OFFICE)])
    offices = Pair(field, hq, OFFICE)
    settle([offices])
    hq.clock.moment = field.clock.step(60)
    merge(field, "v", "u")
    merge(hq, "u", "v")
    edit(hq, "f", OFFICE, name="Other")
    settle([offices, offices])
    before = [site.row(OFFICE, "f").modified_on for site in (hq, field)]
    settle([offices])
    assert [site.row(OFFICE, "f").modified_on for site in (hq, field)] == before
    assert field.row(OFFICE, "f").name == "Other"
