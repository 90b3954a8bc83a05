"""A format of the operator is spoken at the addresses of tables, by its plain name and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rest import Line, answering_site
from tests.support.stylesheets import EXPORT, HEAD, SITES, install
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
LIST = "/cr/shelter.sitelist"
OUT_ONLY = f"""{HEAD}<xsl:output method="text"/><xsl:template match="/"><xsl:value-of select="count(//resource)"/>
</xsl:template></xsl:stylesheet>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("own-formats") / "site") as running:
        root = running.folder / "applications" / "eden" / "private" / "formats"
        install(root)
        install(root, "number", reads="", writes=OUT_ONLY)
        yield running


@pytest.fixture()
def line(site: WebSite) -> Iterator[Line]:
    with Line(site, EMAIL, PASSWORD) as session:
        yield session


def test_what_is_sent_becomes_records_and_comes_back(line: Line) -> None:
    sent = line.post(LIST, data=SITES.encode(), headers={"Content-Type": "text/xml"})
    assert sent.status_code == 200 and len(sent.json()["created"]) == 2, sent.text
    again = line.post(LIST, data=SITES.encode(), headers={"Content-Type": "text/xml"})
    assert again.json().get("created", []) == []
    answer = line.get(LIST)
    assert answer.status_code == 200 and 'label="Mill &amp; river"' in answer.text
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shelter.sitelist"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    one = line.get(f"{LIST}?start=1&limit=1").text
    assert one.count("<site ") == 1 and "School" in one
    key = sent.json()["created"][0]
    assert line.get(f"/cr/shelter/{key}.sitelist").text.count("<site ") == 1
    assert line.get("/cr/shelter.number?~.name__like=Mill*").text.strip() == "1"


def test_a_filter_and_a_limit_hold_and_too_many_at_once_are_refused(line: Line, site: WebSite) -> None:
    site.run("for n in range(1001): db.cr_shelter_service.insert(name='S%s' % n)\ndb.commit()")
    told = line.get("/cr/shelter_service.number")
    assert told.status_code == 400 and "start and limit" in told.text
    assert line.get("/cr/shelter_service.number?start=1000&limit=1000").text.strip() == "1"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cr/shelter.nothing", 415),
        ("GET", "/cr/shelter.XML", 404),
        ("GET", "/cr/shelter.sitelist.xsl", 404),
        ("POST", "/cr/shelter.number", 415),
        ("POST", "/cr/shelter.nothing", 415),
        ("GET", "/cr/nothing.sitelist", 404),
        ("GET", "/sync/sync.sitelist?resource=cr_shelter", 405),
    ],
)
def test_what_is_no_format_is_refused(line: Line, method: str, path: str, status: int) -> None:
    answer = getattr(line, method.lower())(path, **({"data": SITES} if method == "POST" else {}))
    assert answer.status_code in (status, 404, 415), (path, answer.status_code, answer.text[:300])
    assert answer.status_code >= 400 and EXPORT


@pytest.mark.parametrize(
    "document", ["", "<sites>", "<!DOCTYPE s [<!ENTITY x 'y'>]><sites>&x;</sites>", "<other/>"]
)
def test_a_document_that_is_none_is_refused_in_words(line: Line, document: str) -> None:
    answer = line.post(LIST, data=document.encode(), headers={"Content-Type": "text/xml"})
    assert answer.status_code == 400 and answer.json()["message"], answer.text


def test_nobody_gets_records_without_an_account(site: WebSite) -> None:
    with Line(site, "", "") as nobody:
        nobody.auth = None
        assert nobody.get(LIST).status_code == 401
