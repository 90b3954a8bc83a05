"""Records as S3JSON over real HTTP: what is read can be sent back, and what is wrong is refused as for S3XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.rest import REGISTER, REGISTERED, SYNC, Line, answering_site, refused
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
LIST = "/org/organisation.s3json"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("rest-json") / "site") as running:
        yield running


@pytest.fixture()
def line(site: WebSite) -> Iterator[Line]:
    with Line(site, EMAIL, PASSWORD) as session:
        yield session


def post(line: Line, found: Any, url: str = LIST) -> Any:
    return line.post(url, json=found)


def test_what_is_sent_is_read_and_can_be_sent_back(line: Line) -> None:
    sent = {
        "$_org_organisation": [{"@uuid": "json-one", "name": "By JSON", "acronym": "BJ"}, {"name": "Without"}]
    }
    told = post(line, sent)
    assert told.status_code == 200 and len(told.json()["created"]) == 2
    key = told.json()["created"][0]
    answer = line.get(f"/org/organisation/{key}.s3json")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")
    (found,) = answer.json()["$_org_organisation"]
    assert (found["@uuid"], found["name"]) == ("json-one", "By JSON")
    assert answer.headers["ETag"] == line.get(f"/org/organisation/{key}.xml").headers["ETag"]
    assert post(line, answer.json(), f"/org/organisation/{key}.s3json").json().get("created", []) == []
    all_of_them = line.get(LIST).json()
    assert all_of_them["@success"] == "true" and len(all_of_them["$_org_organisation"]) >= 2
    assert line.get(f"{LIST}?start=0&limit=1").json()["@results"] == "1"


def test_null_clears_a_field(line: Line) -> None:
    told = post(
        line, {"$_org_organisation": {"@uuid": "json-null", "name": "To be cleared", "acronym": "X"}}
    ).json()
    key = told["created"][0]
    post(line, {"$_org_organisation": {"@uuid": "json-null", "acronym": None}})
    assert '<data field="acronym">' not in line.get(f"/org/organisation/{key}.xml").text


def test_one_record_that_is_not_valid_rejects_all(line: Line) -> None:
    answer = post(
        line,
        {"$_org_organisation": [{"@uuid": "json-good", "name": "Good"}, {"@uuid": "json-bad", "name": ""}]},
    )
    assert answer.status_code == 400 and answer.json()["error"] == "validation_error"
    assert "json-good" not in line.get(LIST).text


def test_what_is_no_s3json_is_refused_in_words(line: Line) -> None:
    for text in (b"<s3xml/>", b'{"name": "x"}', b'{"$_org_organisation": "x"}'):
        told = refused(line.post(LIST, data=text), 400)
        assert told["error"] == "document_unreadable" and "JSON" in told["message"]
    refused(line.post(LIST, data=b'{"$_org_organisation":' + b"[" * 300 + b"]" * 300 + b"}"), 400)


def test_without_credentials_there_is_a_401(site: WebSite) -> None:
    assert Line(site, "nobody@example.com").get(LIST).status_code == 401


def test_a_program_pulls_and_pushes_json_with_cursors(site: WebSite) -> None:
    """What a site says in S3XML it says in S3JSON: pages, cursors, and what became of a push."""
    peer = Line(site)
    assert peer.put(REGISTER, json={"uuid": REGISTERED}).status_code == 200
    where = f"resource=org_organisation&repository={REGISTERED}"
    sent = {
        "$_org_organisation": {
            "@uuid": "json-pushed",
            "name": "Pushed",
            "@modified_on": "2026-01-01T00:00:00Z",
        }
    }
    told = peer.post(f"/sync/sync.s3json?{where}", json=sent)
    assert told.status_code == 200 and told.json()["created"], told.text
    as_xml = peer.get(f"{SYNC}?{where}&msince=2000-01-01T00:00:00")
    as_json = peer.get(f"/sync/sync.s3json?{where}&msince=2000-01-01T00:00:00")
    assert as_json.status_code == 200 and as_json.headers["Content-Type"].startswith("application/json")
    uuids = {each["@uuid"] for each in as_json.json().get("$_org_organisation", [])}
    assert all(f'uuid="{uuid}"' in as_xml.text for uuid in uuids) and uuids
    refused(peer.post(f"/sync/sync.s3json?{where}", data=b"<s3xml/>"), 400)
