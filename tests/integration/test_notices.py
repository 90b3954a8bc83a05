"""A person sets a rule on the page; a real worker tells by mail and webhook, once, and that it is over, once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.offices import eventually
from tests.support.peer import Answer, FakePeer, as_json
from tests.support.smtp import MailServer, mail_server
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site, worker

pytestmark = [pytest.mark.slow, pytest.mark.integration]

FAIL = """
key = db.sync_repository.insert(name="North", url="http://127.0.0.1:9/eden")
db.sync_task.insert(repository_id=key, resource_name="org_organisation")
for number in range(2):
    db.sync_run.insert(repository_id=key, state="failed", message="secret of a person")
db.commit()
"""
COMPLETE = """
key = db.sync_repository(name="North").id
db.sync_run.insert(repository_id=key, state="completed")
db.commit()
"""
#: A worker looks at once when it starts; the test does not want to wait a minute for its next look.
LOOK = """
from applications.eden.modules.s3sync.worker import notices
notices.Watch().look(current.sync_site)
db.commit()
"""
AT_ONCE = "db(db.sync_notice_message.state == 'waiting').update(next_try=request.utcnow)\ndb.commit()"


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def chat() -> Iterator[FakePeer]:
    with FakePeer(lambda asked: as_json({})) as peer:
        yield peer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("notices") / "site") as site:
        ini = site.folder / "applications" / "eden" / "private" / "appconfig.ini"
        ini.write_text(
            f"{ini.read_text()}\n[mail]\nserver = {mails.address}\nsender = eden@example.org\ntls = no\n"
        )
        yield site
        assert site.tickets() == []


@pytest.fixture
def admin(site: WebSite) -> Browser:
    return Browser(site.url).login(EMAIL, PASSWORD)


def test_a_page_without_rules_says_what_a_rule_is(admin: Browser) -> None:
    assert 'href="/eden/sync/notice"' in admin.page("/admin/index"), "it is in the menu of administration"
    told = visible(admin.page("/sync/notice"))
    assert "Nobody is told anything yet" in told and "A clock is off" in told and "What was told" not in told
    for wrong in ("/sync/notice/create", "/sync/notice/create/nothing", "/sync/notice/99", "/sync/notice/x"):
        assert admin.get(wrong).status_code == 404, wrong


def test_what_is_wrong_in_the_form_is_said_at_its_field(admin: Browser) -> None:
    path = "/sync/notice/create/disk"
    assert "Enter a number from 1 to 10000000" in visible(admin.submit(path, "rule", limit="0").text)
    assert "me is no e-mail address" in visible(admin.submit(path, "rule", mail_to="me").text)
    assert "Enter an e-mail address or a webhook" in visible(admin.submit(path, "rule").text)
    told = visible(admin.submit(path, "rule", webhook="ftp://x").text)
    assert "Enter an address that begins with http:// or https://" in told
    assert "Nobody is told anything yet" in visible(admin.page("/sync/notice"))


def test_the_test_button_says_in_a_sentence_what_came_of_it(
    admin: Browser, mails: MailServer, chat: FakePeer
) -> None:
    given = {
        "is_on": "on",
        "mail_to": "a@example.org",
        "webhook": f"{chat.root}/hook",
        "webhook_key": "key-of-the-hook",
    }
    saved = admin.submit("/sync/notice/create/disk", "rule", limit="1", **given)
    path = saved.url.partition("/eden")[2]
    assert "key-of-the-hook" not in saved.text and "A key is stored" in visible(saved.text)
    told = visible(admin.submit(path, "test").text)
    assert "took a test mail to a@example.org" in told and "took the test" in told
    assert "Free megabytes: less than 1" in mails.mails[-1].get_content()
    assert json.loads(chat.asked[-1].body)["event"] == "test" and "X-Eden-Signature" in chat.asked[-1].headers
    mails.refusing = True
    chat.queue.append(Answer(410, b"the channel is gone", "text/plain"))
    page = admin.submit(path, "test").text
    assert "could not be sent" in visible(page) and "410" in visible(page)
    assert "the channel is gone" in visible(page)
    mails.refusing = False
    admin.submit(f"{path}?ask=remove", "remove")
    assert "Nobody is told anything yet" in visible(admin.page("/sync/notice"))


def test_a_worker_tells_once_and_that_it_is_over_once_and_tries_again_what_it_could_not_deliver(
    site: WebSite, admin: Browser, mails: MailServer, chat: FakePeer, tmp_path: Path
) -> None:
    mails.mails.clear()
    chat.asked.clear()
    chat.queue.append(Answer(503, b"later", "text/plain"))
    given = {"limit": "2", "is_on": "on", "mail_to": "a@example.org", "webhook": f"{chat.root}/hook"}
    admin.submit("/sync/notice/create/failed", "rule", **given)
    site.run(FAIL)
    with worker(site, tmp_path / "worker.log"):
        eventually(lambda: len(mails.mails) == 1 and len(chat.asked) == 1)
        told = mails.mails[0]
        assert told["subject"].endswith(": The last 2 synchronizations with North failed.")
        assert "/sync/repository/" in told.get_content() and "secret of a person" not in str(told)
        eventually(lambda: "later" in visible(admin.page("/sync/notice")))
        page = visible(admin.page("/sync/notice"))
        assert "Notices that could not be delivered: 1" in page and "Tried again" in page
        assert "holds now" in page and "delivered" in page
        assert "not delivered: 1" in visible(admin.page("/sync/index")), "the menu tells it on every page"
        site.run(AT_ONCE + LOOK)
        eventually(lambda: len(chat.asked) == 2)
        eventually(lambda: "could not be delivered" not in visible(admin.page("/sync/notice")))
        assert json.loads(chat.asked[1].body)["text"] == "The last 2 synchronizations with North failed."
        site.run(COMPLETE + LOOK)
        eventually(lambda: len(mails.mails) == 2 and len(chat.asked) == 3)
        assert (
            "works again" in mails.mails[1]["subject"] and json.loads(chat.asked[2].body)["event"] == "over"
        )
        site.run(LOOK)
        time.sleep(4)
    assert (len(mails.mails), len(chat.asked)) == (2, 3), "nothing is told twice"
    assert "quiet" in visible(admin.page("/sync/notice"))


def test_a_rule_about_failed_runs_takes_the_place_of_the_mail_of_the_settings(
    site: WebSite, admin: Browser, mails: MailServer
) -> None:
    admin.submit("/sync/config", "config", notify_to="b@example.org", notify_after="1")
    assert "a mail about each repository goes to b@example.org" in visible(admin.page("/sync/notice"))
    mails.mails.clear()
    tell = (
        "from applications.eden.modules.s3sync.monitoring import failure_mail\n"
        "key = db.sync_repository(name='North').id\ndb.sync_run.insert(repository_id=key, state='failed')\n"
        "db.commit()\nfailure_mail.tell(current.sync_site, key)\ndb.commit()"
    )
    site.run(tell)
    assert mails.mails == []
    site.run("db(db.sync_notice_rule.id > 0).update(is_on=False)\ndb.commit()\n" + tell)
    assert [each["to"] for each in mails.mails] == ["b@example.org"]


def test_a_rule_can_be_about_one_repository(site: WebSite, admin: Browser) -> None:
    key = site.run("print('KEY', db.sync_repository(name='North').id)").partition("KEY ")[2].split()[0]
    saved = admin.submit("/sync/notice/create/clock", "rule", repository=key, mail_to="c@example.org")
    path = saved.url.partition("/eden")[2]
    assert forms(admin.page(path))["rule"]["repository"] == key
    page = visible(admin.page("/sync/notice"))
    assert "Seconds between the clocks: more than 60" in page and "North" in page
    admin.submit(path, "rule", repository="0")
    assert forms(admin.page(path))["rule"]["repository"] == "0"


def test_only_administrators_see_the_page(site: WebSite) -> None:
    assert forms(Browser(site.url).get("/sync/notice").text).get("rule") is None
    assert "Nobody is told" not in Browser(site.url).get("/sync/notice").text
