"""What the data model derives from imported records: written with them, or by the model's own hook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.policy import Terms
from s3sync.site import Site
from s3sync.wire.s3xml.document import Document
from tests.support.documents import data, ref, resource
from tests.support.site import SampleSite

LOCATION = "gis_location"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = SampleSite(Path(tmp_path_factory.mktemp("derived")) / "site")
    yield site
    site.db.close()


def take(site: Site, *records: str) -> None:
    source = io.BytesIO(f"<s3xml>{''.join(records)}</s3xml>".encode())
    with Document(source, site.schema, LOCATION) as document, site.store.transaction():
        report = site.importer.import_page(document, Terms(), site.context(1, 0))
    assert not report.failures


def place(uuid: str, name: str, *more: str) -> str:
    return resource(LOCATION, f"urn:uuid:{uuid}", data("name", name), *more)


def below(parent: str) -> str:
    return ref("parent", LOCATION, f"urn:uuid:{parent}")


def derived(site: Site, uuid: str) -> dict[str, Any]:
    table = site.schema.table(LOCATION)
    columns = ("id", "path", "L0", "L1", "L2", "lat_min", "lon_max")
    (row,) = site.store.fetch(table, columns, "uuid", [f"urn:uuid:{uuid}"])
    site.db.commit()
    return dict(zip(columns, row))


def test_a_place_alone(site: Site) -> None:
    take(site, place("a-1", "Lake", data("lat", "28.5"), data("lon", "84.5")))
    row = derived(site, "a-1")
    assert row == {**row, "path": str(row["id"]), "L0": None, "lat_min": 28.5, "lon_max": 84.5}


def test_a_country_alone_and_a_district_in_it(site: Site) -> None:
    take(site, place("b-1", "Nepal", data("level", "L0")))
    take(site, place("b-2", "Kaski", data("level", "L1"), below("b-1")))
    country, district = derived(site, "b-1"), derived(site, "b-2")
    assert (country["path"], country["L0"], country["L1"]) == (str(country["id"]), "Nepal", None)
    assert (district["L0"], district["L1"]) == ("Nepal", "Kaski")
    assert district["path"] == f"{country['id']}/{district['id']}"


def test_a_district_that_comes_with_its_country(site: Site) -> None:
    take(
        site,
        place("c-2", "Zone", data("level", "L1"), below("c-1")),
        place("c-1", "Land", data("level", "L0")),
    )
    country, district = derived(site, "c-1"), derived(site, "c-2")
    assert district["path"] == f"{country['id']}/{district['id']}"
    assert district["L0"] == "Land"


def test_a_district_that_waited_for_its_country(site: Site) -> None:
    take(site, place("d-2", "Far", data("level", "L1"), below("d-1")))
    assert derived(site, "d-2")["path"] == str(derived(site, "d-2")["id"])
    take(site, place("d-1", "Away", data("level", "L0")))
    country, district = derived(site, "d-1"), derived(site, "d-2")
    assert district["path"] == f"{country['id']}/{district['id']}"
    assert district["L0"] == "Away"


def test_places_that_are_turned_round(site: Site) -> None:
    take(site, place("e-1", "Here"), place("e-2", "There", below("e-1")))
    turned = (
        place("e-1", "Here", below("e-2")),
        place("e-2", "There").replace("<resource", '<resource null="parent"'),
    )
    take(site, *(text.replace("2026-03-01T12", "2026-03-01T13") for text in turned))
    first, second = derived(site, "e-1"), derived(site, "e-2")
    assert first["path"] == f"{second['id']}/{first['id']}"
    assert second["path"] == str(second["id"])


def test_a_place_that_moves(site: Site) -> None:
    take(site, place("f-1", "Old", data("level", "L0")), place("f-2", "New", data("level", "L0")))
    take(site, place("f-3", "Mover", below("f-1")))
    moved = place("f-3", "Mover", below("f-2")).replace("2026-03-01T12", "2026-03-01T13")
    take(site, moved)
    assert derived(site, "f-3")["L0"] == "New"


def test_a_new_organisation_is_its_own_root(site: Site) -> None:
    source = resource("org_organisation", "urn:uuid:o-1", data("name", "Alone"))
    with (
        Document(
            io.BytesIO(f"<s3xml>{source}</s3xml>".encode()), site.schema, "org_organisation"
        ) as document,
        site.store.transaction(),
    ):
        site.importer.import_page(document, Terms(), site.context(1, 0))
    table = site.schema.table("org_organisation")
    ((key, root),) = site.store.fetch(table, ("id", "root_organisation"), "uuid", ["urn:uuid:o-1"])
    site.db.commit()
    assert root == key
