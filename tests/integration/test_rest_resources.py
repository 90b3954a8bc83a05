"""Plain resources over real HTTP, as an Eden has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.peer import organisation, s3xml
from tests.support.rest import Line, answering_site, names, refused
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("rest") / "site") as running:
        yield running


@pytest.fixture()
def clerk(site: WebSite) -> Iterator[Line]:
    with Line(site, "clerk@example.com") as session:
        yield session


def test_plain_resources_one_and_many(clerk: Line) -> None:
    told = clerk.post(
        "/org/organisation.xml", data=s3xml(*(organisation(each) for each in range(70, 75)))
    ).json()
    keys = sorted(told["created"])
    assert len(keys) == 5
    assert names(clerk.get(f"/org/organisation/{keys[0]}.xml")) == {"Organisation 70"}
    assert len(names(clerk.get("/org/organisation.xml?start=1&limit=2"))) == 2
    assert names(clerk.get("/org/organisation.xml?~.name=Organisation 71")) == {"Organisation 71"}
    deleted = clerk.delete(f"/org/organisation/{keys[0]}.xml").json()
    assert deleted["deleted"] == [keys[0]]
    refused(clerk.get(f"/org/organisation/{keys[0]}.xml"), 404)
    refused(clerk.delete("/org/organisation.xml"), 405)


def test_a_plain_import_takes_all_or_nothing(clerk: Line) -> None:
    bad = organisation(80).replace("Organisation 80", "x" * 200)
    told = refused(clerk.post("/org/organisation.xml", data=s3xml(bad, organisation(81))), 400)
    assert told["tree"]["$_org_organisation"][0]["@uuid"].endswith("80")
    assert "Organisation 81" not in names(clerk.get("/org/organisation.xml"))
    told = clerk.put("/org/organisation.xml?ignore_errors=True", data=s3xml(bad, organisation(81))).json()
    assert told["records"] == 1 and told["tree"]


def test_a_plain_import_overwrites_what_is_newer(clerk: Line) -> None:
    clerk.post("/org/organisation.xml", data=s3xml(organisation(82, "2026-05-01T00:00:00")))
    older = organisation(82, "2026-01-01T00:00:00").replace("Organisation 82", "Older")
    assert clerk.post("/org/organisation.xml", data=s3xml(older)).json()["updated"]
    assert "Older" in names(clerk.get("/org/organisation.xml"))
