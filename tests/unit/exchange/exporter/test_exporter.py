"""What an export takes along."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from s3sync.exchange.exporter import Exporter, ExportRequest
from tests.support.documents import resource
from tests.support.site import NOW, SampleSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    site = SampleSite(tmp_path)
    yield site
    site.close()


@pytest.mark.parametrize("depth", [0, 1, 2, 10])
def test_references_are_followed_as_deep_as_the_setting_says(site: SampleSite, depth: int) -> None:
    chain = [f"urn:uuid:level-{level}" for level in range(5)]
    for level, uuid in enumerate(chain):
        parent = (
            f'<reference field="parent" resource="gis_location" uuid="{chain[level - 1]}"/>' if level else ""
        )
        name = f'<data field="name">Place {level}</data>'
        site.push(resource("gis_location", uuid, name, parent), "gis_location")
    office = resource(
        "event_incident",
        "urn:uuid:incident",
        '<data field="name">Flood</data>',
        f'<reference field="location_id" resource="gis_location" uuid="{chain[-1]}"/>',
    )
    site.push(office, "event_incident")
    exporter = Exporter(site.ports, max_depth=depth)
    out = io.BytesIO()
    exporter.export(out, ExportRequest("event_incident"))
    root = etree.fromstring(out.getvalue())
    along = [each.get("uuid") for each in root if each.get("name") == "gis_location"]
    assert along == chain[::-1][:depth]


ODD = [
    "Red Cross",
    "",
    "  ",
    "a & b",
    "&amp;",
    '"<x>"',
    "two\nlines",
    "Grün 🚑",
    "back\\slash",
    "\x0b",
    None,
    None,
]


def test_a_record_is_written_the_same_whatever_stands_beside_it(site: SampleSite) -> None:
    choose = random.Random(1)
    organisation, office = site.s3db["org_organisation"], site.s3db["org_office"]
    kind, link = site.s3db["org_organisation_type"], site.s3db["org_organisation_organisation_type"]
    kinds = [kind.insert(uuid=f"urn:uuid:type-{each}", name=each) for each in ("A & B", "C")]
    owners = [
        organisation.insert(
            uuid=f"urn:uuid:{number}" if number % 5 else f'bare "{number}"',
            mci=choose.choice([0, 2, None]),
            deleted=number % 7 == 6,
            modified_on=NOW,
            name=choose.choice(ODD) or "nameless",
            **{name: choose.choice(ODD) for name in ("acronym", "phone", "comments", "website")},
            year=choose.choice([None, 1863]),
        )
        for number in range(40)
    ]
    for number in range(40):
        office.insert(
            uuid=f"urn:uuid:office-{number}",
            modified_on=choose.choice([NOW, None]),
            name=f"Office {number}",
            organisation_id=choose.choice(owners[:3]),
            comments=choose.choice(ODD),
        )
        link.insert(
            uuid=f"urn:uuid:link-{number}",
            modified_on=NOW,
            organisation_id=choose.choice(owners),
            organisation_type_id=choose.choice(kinds),
        )
    site.db.commit()
    for name in ("org_organisation", "org_office"):
        table = site.schema.table(name)
        for paged in (True, False):
            wanted = ExportRequest(name, paged=paged, dependencies=False)
            keys = [row.id for row in site.db(site.s3db[name].id > 0).select()]
            together, alone = io.BytesIO(), []
            site.exporter.export_keys(together, table, keys, wanted)
            for key in keys:
                out = io.BytesIO()
                site.exporter.export_keys(out, table, [key], wanted)
                alone += resources(out)
            assert resources(together) == alone
            assert len(alone) == 40


def test_names_that_are_let_go_of_are_looked_up_again(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.exchange.exporter.document.MAX_NAMES", 0)
    monkeypatch.setattr("s3sync.exchange.exporter.CHUNK", 2)
    organisation, office = site.s3db["org_organisation"], site.s3db["org_office"]
    owners = [
        organisation.insert(uuid=f"urn:uuid:{number}", name=f"Organisation {number}") for number in range(3)
    ]
    for number in range(9):
        office.insert(uuid=f"urn:uuid:o{number}", name=f"Office {number}", organisation_id=owners[number % 3])
    site.db.commit()
    for paged in (True, False):
        root = etree.fromstring(site.export("org_office", paged=paged)[0])
        told = root.xpath('resource[@name="org_office"]/reference[@field="organisation_id"]/@uuid')
        assert told == [f"urn:uuid:{number % 3}" for number in range(9)]
        along = root.xpath('resource[@name="org_organisation"]/@uuid')
        assert sorted(along) == [f"urn:uuid:{number}" for number in range(3)]


def resources(document: io.BytesIO) -> list[bytes]:
    return [etree.tostring(each) for each in etree.fromstring(document.getvalue())]


@pytest.mark.parametrize("paged", [True, False])
def test_what_each_site_computes_itself_is_told_to_people_and_edens_alone(
    site: SampleSite, paged: bool
) -> None:
    """A site that does not compute it would take it for a difference, and the two would send it to and fro for ever."""
    with site.store.transaction():
        site.s3db["gis_location"].insert(name="Spot", lat=10, lon=20, path="1", L0="Spot", uuid="l")
    (record,) = etree.fromstring(site.export("gis_location", paged=paged)[0])
    told = {each.get("field") for each in record} | set((record.get("null") or "").split())
    computed = site.schema.table("gis_location").computed
    assert len(computed) > 5 and {"name", "lat"} <= told
    assert not told & computed if paged else {"path", "L0"} <= told
