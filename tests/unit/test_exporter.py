"""What an export takes along."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from s3sync.exporter import Exporter, ExportRequest
from tests.support.sites import Site, resource


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.mark.parametrize("depth", [0, 1, 2, 10])
def test_references_are_followed_as_deep_as_the_setting_says(site: Site, depth: int) -> None:
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
    exporter = Exporter(
        site.schema, site.store, site.journal, site.ledger, site.accounts, site.files, max_depth=depth
    )
    out = io.BytesIO()
    exporter.export(out, ExportRequest("event_incident"))
    root = etree.fromstring(out.getvalue())
    along = [each.get("uuid") for each in root if each.get("name") == "gis_location"]
    assert along == chain[::-1][:depth]
