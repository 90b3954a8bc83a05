"""The log of a site on its screens: found, saved, cleaned."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration


@pytest.fixture()
def admin(field: WebSite) -> Iterator[Browser]:
    yield Browser(field.url).login(EMAIL, PASSWORD)
    field.run("db(db.sync_kept.id > 0).delete()\ndb(db.sync_log.id > 0).delete()\ndb.commit()")


LOG = """
from datetime import timedelta
now = current.sync_site.clock.now()
repository = {repository}
run = db.sync_run.insert(repository_id=repository, started_on=now, finished_on=now + timedelta(seconds=3),
                         state="completed", created=2, sent=5)
def add(message, mode="pull/outgoing", result="success", age=0, **more):
    db.sync_log.insert(timestmp=now - timedelta(days=age), repository_id=repository, mode=mode, action="fetch",
                       result=result, message=message, resource_name="org_organisation", **more)
add("2 records received", run_id=run)
add("Another site came by", mode="pull/incoming")
add("5 records sent", mode="push/outgoing", run_id=run)
add("It cannot be reached.", result="error", remedy="Check the network.", code="peer_unreachable")
add("=HYPERLINK('x')", result="fatal", remote=True)
add("Long ago", age=400)
db.commit()
print(run)
"""


KNOWN = """
from applications.eden.modules.s3sync.core.errors import NotAuthenticated
from applications.eden.modules.s3sync.core.messages import Sentence, received
from applications.eden.modules.s3sync.core.task import Activity, LogAction, Result, Transmission
problem = Sentence.RECORD_REJECTED.say(record="org_organisation x", reason="too long")
current.sync_site.log({repository}, Transmission.OUTGOING).task(
    "org_organisation", Activity.PULL, LogAction.FETCH, Result.WARNING,
    received({{"created": 2, "rejected": 1}}), details=[problem],
    remedy=NotAuthenticated("x").remedy)
db.commit()
print(db(db.sync_log).select(orderby=~db.sync_log.id, limitby=(0, 1)).first().id)
"""


@pytest.fixture()
def logged(field: WebSite, connected: str) -> str:
    """Fill the log; return the id of a run."""
    field.run("db(db.sync_log.id > 0).delete()\ndb.commit()")
    return field.run(LOG.format(repository=connected.rpartition("/")[2])).split()[0]


def test_entries_are_found_and_stand_with_their_run(admin: Browser, connected: str, logged: str) -> None:
    page = admin.page("/sync/log")
    text = visible(page)
    assert "6 entries" in text and page.count('<section class="card') == 5
    assert "2 records changed here, 5 sent, in 3 seconds" in text
    assert (
        text.index("5 records sent") < text.index("2 records received") < text.index("Another site came by")
    )
    assert "The other site cannot be reached It cannot be reached. What to do: Check the network." in text
    oldest = visible(admin.page("/sync/log?sort=time"))
    assert oldest.index("Long ago") > oldest.index("2 records received")
    for asked, count in (
        ("direction=in", 4),
        ("direction=out", 2),
        ("result=trouble", 2),
        ("result=fatal", 1),
        ("q=NETWORK", 1),
        ("q=records", 2),
        (f"run={logged}", 2),
        ("resource=org_organisation", 6),
        ("until=2020-01-01", 0),
        ("q=100%25", 0),
        ("since=2020-01-01", 6),
        ("since=nonsense", 6),
        ("repository=4711", 0),
    ):
        text = visible(admin.page(f"/sync/log?{asked}"))
        told = (
            "There are no entries that match"
            if not count
            else "1 entry"
            if count == 1
            else f"{count} entries"
        )
        assert told in text, asked
    assert "6 entries" in visible(admin.page(f"{connected}/log"))
    link = re.search(r"/sync/log/\d+", admin.page("/sync/log?q=network"))
    assert link
    text = visible(admin.page(link.group()))
    assert "What happened The other site cannot be reached It cannot be reached." in text
    assert "What to do Check the network." in text


def test_the_log_is_saved_as_a_table(admin: Browser, logged: str) -> None:
    answer = admin.get("/sync/log.csv?direction=in")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["Time (UTC)", "Repository", "Resource"] and len(rows) == 5
    assert {row[1] for row in rows[1:]} == {"Headquarters"}
    assert [row[7] for row in rows[1:]] == [
        "Long ago",
        "'=HYPERLINK('x')",
        "It cannot be reached.",
        "2 records received",
    ]
    assert rows[3][8] == "Check the network." and rows[4][9] == logged and rows[2][6] == "remote"


def test_known_messages_are_told_in_the_readers_language(
    admin: Browser, field: WebSite, connected: str, logged: str
) -> None:
    key = field.run(KNOWN.format(repository=connected.rpartition("/")[2])).split()[0]
    told = "3 Datensätze empfangen: 2 angelegt, 1 abgelehnt"
    remedy = "Prüfen Sie Benutzername und Passwort des Repositorys."
    assert "3 records received: 2 created, 1 rejected" in visible(admin.page("/sync/log"))
    admin.get("/default/choose?language=de")
    for address in ("/sync/log", f"/sync/log/{key}"):
        text = visible(admin.page(address))
        assert told in text and remedy in text, address
    assert "org_organisation x wurde abgelehnt: too long" in text
    table = admin.get("/sync/log.csv?direction=in").content.decode()
    assert told in table and remedy in table and "It cannot be reached." in table


def test_old_entries_are_deleted_when_asked(admin: Browser, connected: str, logged: str) -> None:
    question = "/sync/log?ask=purge&days=365"
    text = visible(admin.page(question))
    assert "Delete old log entries?" in text and "1 entry is older than 365 days." in text
    admin.submit(question, "purge", _formkey="forged")
    assert "6 entries" in visible(admin.page("/sync/log"))
    assert "Nothing is older than 500 days." in visible(admin.page(f"{connected}/log?ask=purge&days=500"))
    assert "1 log entry was deleted." in admin.submit(question, "purge").text
    assert "5 entries" in visible(admin.page("/sync/log"))
