"""A source of alerts is connected on the pages, tested, and fetched by a worker; all of it stands in the log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.alerts import SQUARE_AREA, AlertServer, alert, alert_server, info, reference, rss
from tests.support.browser import Browser, visible
from tests.support.screens import served
from tests.support.stage import told
from tests.support.webserver import EMAIL, PASSWORD, WebSite, worker

pytestmark = [pytest.mark.integration, pytest.mark.slow]
FORM = "/sync/repository/create?type=cap"
LATER = "2026-03-01T10:00:00-05:00"
SCHEDULE = """
from applications.eden.modules.s3sync.scheduler import jobs
jobs.add_job(current.sync_site, 1, None, period=2, timeout=600)
db.commit()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "alerts")


@pytest.fixture()
def server() -> Iterator[AlertServer]:
    with alert_server() as found:
        yield found


def waited(site: WebSite, expression: str) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if told(site, expression):
            return True
        time.sleep(1)
    return False


def test_a_feed_is_connected_tested_and_fetched_by_a_worker(
    site: WebSite, server: AlertServer, tmp_path: Path
) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    server.pages["/a"] = alert("A1", info(area=SQUARE_AREA))
    server.pages["/t"] = alert("T1", info(), status="Test")
    page = visible(admin.page(FORM))
    assert "Language of the alerts" in page and "Ask the service that issues the alerts" in page

    server.pages["/feed"] = "<html><title>Something else</title></html>"
    values = {"name": "The weather service", "url": f"{server.url}/feed"}
    tested = visible(admin.submit(FORM, "repository", test="1", **values).text)
    assert "no Are alerts to be had there? Something answers, but it is no feed of alerts." in tested
    server.pages["/feed"] = rss("/t", "/a")
    tested = visible(admin.submit(FORM, "repository", test="1", **values).text)
    assert "yes Are alerts to be had there? It is a feed with 2 alerts." in tested
    wrong = visible(admin.submit(FORM, "repository", servers="ftp://x", **values).text)
    assert "Enter addresses with http:// or https://" in wrong

    saved = admin.submit(FORM, "repository", **values)
    path = saved.url[len(site.url) :].rpartition("/")[0]
    admin.submit(f"{path}/task/create", "task", resource_name="event_incident")
    looked = visible(admin.submit(f"{path}/preview", "look").text)
    assert "Flood at the river" in looked and told(site, "db(db.event_incident).count()") == 0

    site.run(SCHEDULE)
    with worker(site, tmp_path / "worker.log"):
        assert waited(site, "db(db.event_incident.name == 'Flood at the river').count()")
        update = alert("A2", info("Worse"), sent=LATER, refers=reference(), msgType="Update")
        server.pages["/b"], server.pages["/feed"] = update, rss("/b", "/t", "/a")
        assert waited(site, "db(db.event_incident.name == 'Worse').count()")
        cancel = alert(
            "A3", sent="2026-03-01T11:00:00-05:00", refers=reference("A2", LATER), msgType="Cancel"
        )
        server.pages["/c"], server.pages["/feed"] = cancel, rss("/c", "/b", "/t", "/a")
        assert waited(site, "db(db.event_incident.closed == True).count()")
    assert told(site, "db(db.event_incident.deleted == False).count()") == 1
    log = "\n".join(told(site, "[row.message for row in db(db.sync_log).select()]"))
    assert log.count("its status is Test") == 1 and "1 created, 1 skipped" in log
    assert "weather" in visible(admin.page("/sync/log"))
    assert "Worse" in visible(admin.page("/event/incident"))
