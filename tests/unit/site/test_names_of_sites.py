"""Sites that are known only through another one are called as that one calls them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.exchange.exporter import ExportRequest
from s3sync.passive.pull import pull
from s3sync.passive.registration import register
from s3sync.site.names_of_sites import names_of_sites, names_to_tell, remember_names
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import SampleSite


class Chain:
    """A field office, headquarters and a region; field and region exchange with headquarters only."""

    def __init__(self, folder: Path) -> None:
        self.field, self.head, self.region = (
            SampleSite(folder / name) for name in ("field", "head", "region")
        )
        with self.head.store.transaction():
            self.head.s3db[ORG].insert(uuid="u", name="Red Cross")
        self.field_head, self.region_head = (Pair(each, self.head, ORG) for each in (self.field, self.region))
        self.run()
        rows = self.head.db(self.head.db.sync_repository).select(orderby=self.head.db.sync_repository.id)
        for row, name in zip(rows, ("Field office", "Region")):
            row.update_record(name=name)
        self.head.db.commit()

    def run(self) -> None:
        for _ in range(2):
            for pair in (self.field_head, self.region_head):
                pair.run()

    def edit(self, site: SampleSite, **values: Any) -> None:
        site.clock.step(60)
        with site.store.transaction():
            site.db(site.s3db[ORG].uuid == "u").update(**values)
        self.run()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    found = Chain(tmp_path)
    yield found
    for each in (found.field, found.head, found.region):
        each.close()


def test_the_name_of_a_third_site_comes_with_its_edits(chain: Chain) -> None:
    at_field, at_region = chain.field.changes.site, chain.region.changes.site
    assert names_of_sites(chain.region).of(at_field).name == ""
    chain.edit(chain.field, phone="1")
    assert names_of_sites(chain.region).of(at_field).name == "Field office"
    chain.edit(chain.region, phone="2")
    assert names_of_sites(chain.field).of(at_region).name == "Region"
    assert names_of_sites(chain.field).of(at_field).here


def test_what_the_administrator_calls_a_site_stays(chain: Chain) -> None:
    at_head = chain.head.changes.site
    before = names_of_sites(chain.region).of(at_head).name
    (row,) = chain.region.db(chain.region.db.sync_repository).select()
    with chain.region.store.transaction():
        remember_names(
            chain.region.repository(row.id),
            {at_head: "Another", chain.region.changes.site: "Not us", "abc": "Third"},
        )
    names = names_of_sites(chain.region)
    assert names.of(at_head).name == before != "Another"
    assert names.of(chain.region.changes.site).name == "" and names.of("abc").name == "Third"


def asked(site: SampleSite, **variables: str) -> str:
    """Return the root element of what headquarters answers to the region."""
    out = io.BytesIO()
    pull(site, PullRequest.from_vars({"resource": ORG, "repository": "urn:uuid:region", **variables}), out)
    return re.sub(" +", " ", out.getvalue().decode().partition("<s3xml")[2].partition(">")[0])


def test_only_a_page_with_edits_of_others_tells_names(chain: Chain) -> None:
    register(chain.head, RegistrationRequest("urn:uuid:region", "region"))
    assert "sites=" not in asked(chain.head, cursor=""), "nothing was edited"
    chain.edit(chain.head, phone="0")
    assert "sites=" not in asked(chain.head, cursor=""), "who sends a page is known"
    chain.edit(chain.field, phone="1")
    assert f'sites="{chain.field.changes.site}=Field office"' in asked(chain.head, cursor="")
    assert "sites=" not in asked(chain.head), "an Eden"
    assert "sites=" not in asked(chain.head, cursor="", repository="urn:uuid:nobody"), (
        "a site that is not registered"
    )


def test_pages_tell_other_names_first_and_never_more_than_there_is_room_for(chain: Chain) -> None:
    told = {f"{number:032}": f"Site {number} " + "x" * 50 for number in range(40)}
    (row,) = chain.region.db(chain.region.db.sync_repository).select()
    with chain.region.store.transaction():
        remember_names(chain.region.repository(row.id), told)
    sites = frozenset(told)
    firsts = {next(iter(names_to_tell(chain.region, sites, position))) for position in range(40)}
    assert firsts == sites
    out = io.BytesIO()
    request = ExportRequest(ORG, paged=True)
    chain.region.exporter.export(out, request, lambda page: {"sites": names_to_tell(chain.region, sites, 39)})
    source = io.BytesIO(out.getvalue())
    with chain.region.document(source, ORG) as document:
        found = document.header.sites
    assert 1 <= len(found) < 40 and found.items() <= told.items() and f"{39:032}" in found


def test_what_one_site_tells_is_bounded_and_the_latest_stays(chain: Chain) -> None:
    (row,) = chain.region.db(chain.region.db.sync_repository).select()
    for number in range(300):
        with chain.region.store.transaction():
            remember_names(chain.region.repository(row.id), {f"{number}": "Site"})
    names = names_of_sites(chain.region)
    assert (names.of("0").name, names.of("299").name) == ("", "Site")
    assert len(chain.region.db.sync_repository(row.id).settings["names_of_sites"]) == 200
